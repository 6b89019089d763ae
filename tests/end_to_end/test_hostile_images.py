"""Images that somebody else made: running one shows it nothing of the host."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.layer_tar import ROOT, links_tar
from lifecycle_py.oci.layout_store import LayoutStore
from tests.support.offramp import Installation, installation

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("hostile")]


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """An installation that has built the shop."""
    with installation() as one:
        one.build("python_django", "shop")
        yield one


@pytest.fixture
def treasure() -> Iterator[Path]:
    """A directory of the host with a file in it that everybody may read."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        directory.chmod(0o755)
        (directory / "gold").write_text("GOLD")
        yield directory


@pytest.mark.parametrize("working_dir", ["/app", "/mnt", "/mnt/..", "relative"])
def test_link_in_the_place_of_a_directory_is_refused(
    offramp: Installation, treasure: Path, tmp_path: Path, working_dir: str
) -> None:
    """A layer that makes a directory a link to the host's is not mounted, whatever the working directory is."""
    shop = offramp.image("shop").image
    layer = BlobDirectory(tmp_path / "blobs").write_layer(links_tar("/.", {"mnt": str(treasure)}, owner=ROOT))
    config = dataclasses.replace(shop.config, working_dir=working_dir)
    LayoutStore(offramp.places.images).save(
        dataclasses.replace(shop, config=config, layers=(*shop.layers, layer)), ["evil:latest"]
    )
    done = offramp.run("run", "evil", "--", "sh", "-c", "cat /mnt/*; cat *", code=1)

    assert "Refusing to run this image" in done.stderr
    assert "GOLD" not in done.stdout + done.stderr
    assert (treasure / "gold").stat().st_uid == os.geteuid()


def test_image_in_use_is_not_removed_by_runs_of_others(offramp: Installation) -> None:
    """Running many other images meanwhile takes no file away from one that runs."""
    process = offramp.start("run", "shop", "--", "sh", "-c", 'sleep 12; python -c \'print("still" + " here")\'')
    for number in range(6):
        shop = offramp.image("shop").image
        config = dataclasses.replace(shop.config, labels={**shop.config.labels, "number": str(number)})
        LayoutStore(offramp.places.images).save(dataclasses.replace(shop, config=config), [f"other{number}:latest"])
        offramp.run("run", f"other{number}", "--", "true")

    assert process.wait(timeout=60) == 0, offramp.logs()
    assert "still here" in offramp.logs()


def test_image_without_a_process_says_so(offramp: Installation, tmp_path: Path) -> None:
    """An app without a Procfile builds with a warning, and running it says what is missing."""
    (tmp_path / "requirements.txt").write_text("")
    built = offramp.run("build", tmp_path, "-t", "quiet")
    done = offramp.run("run", "quiet", code=1)

    assert "The image has no process: add a Procfile" in built.stderr
    assert "'quiet:latest' has no process to run" in done.stderr
