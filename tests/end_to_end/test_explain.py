"""``offramp explain`` over real apps."""

from __future__ import annotations

import json

import pytest

from tests.support.offramp import APPS, installation

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("bad-input")]


def test_explain_detect() -> None:
    """It says who builds an app or why nobody does, builds nothing, and succeeds either way."""
    with installation() as offramp:
        nobody = offramp.run("explain", "detect", APPS / "procfile_only")
        django = json.loads(offramp.run("explain", "detect", APPS / "python_django", "--json").stdout)
        chosen = offramp.run("explain", "detect", APPS / "procfile_only", "--buildpack", "offramp/procfile")
        missing = offramp.run("explain", "detect", APPS / "nowhere", code=2)
        images = offramp.run("images").stdout

    assert nobody.stdout.startswith("No group of buildpacks passed: nobody builds this app.\n")
    assert "offramp/procfile@0.1.0, optional, passes (exit code 0)" in nobody.stdout
    assert ["offramp/python", "offramp/procfile"] == [one["id"] for one in django["group"]]
    assert "The app is built by offramp/procfile@0.1.0." in chosen.stdout
    assert "no such directory" in missing.stderr
    assert "procfile_only" not in images
