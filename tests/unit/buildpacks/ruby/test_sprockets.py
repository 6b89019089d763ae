"""Which files say that assets were compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.ruby.sprockets import committed_manifest, has_manifest
from tests.support.trees import write_tree


@pytest.mark.parametrize(
    ("path", "compiled", "committed"),
    [
        ("public/assets/.sprockets-manifest-0123.json", True, True),
        ("public/assets/manifest-0123.json", True, True),
        ("public/assets/.manifest.json", True, False),
        ("public/packs/manifest.json", True, False),
        ("public/vite/.vite/manifest.json", True, False),
        ("public/vite/manifest-assets.json", True, False),
        ("public/assets/manifest.json", False, False),
        ("public/assets/application-1.css", False, False),
        ("app/assets/config/manifest.js", False, False),
    ],
)
def test_manifest(tmp_path: Path, path: str, compiled: bool, committed: bool) -> None:  # noqa: FBT001 - a table
    """Any tool's tells that there are assets; Sprockets' alone means, as on Heroku, that nothing is to be compiled."""
    write_tree(tmp_path, {path: "{}"})

    assert has_manifest(tmp_path) is compiled
    assert (committed_manifest(tmp_path) is not None) is committed


def test_app_without_public_directory(tmp_path: Path) -> None:
    """It has none of them."""
    assert not has_manifest(tmp_path)
    assert committed_manifest(tmp_path) is None
