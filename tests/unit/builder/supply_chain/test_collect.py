"""What is found in an image: bills of its layers, one each, and the run image's packages."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from builder.images.packages_of_image import packages_of
from builder.supply_chain.collect import describe
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.errors import BlobCorruptError
from lifecycle_py.oci.model import DiffId, Image, ImageConfig, sha256
from lifecycle_py.spec.image_labels import LIFECYCLE_METADATA_LABEL
from tests.support.tars import Entry, make_tar

_STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.41-12

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""
_DIGEST = "sha256:" + "a" * 64


def _bill(name: str) -> str:
    return json.dumps({"components": [{"type": "library", "name": name, "version": "1"}]})


def _image(tmp_path: Path, *sbom: Entry, base: tuple[Entry, ...] = ()) -> Image:
    blobs = BlobDirectory(tmp_path / "blobs")
    run, bills = blobs.write_layer([make_tar(*base)]), blobs.write_layer([make_tar(*sbom)])
    metadata = {"sbom": {"sha": bills.diff_id}, "runImage": {"topLayer": run.diff_id, "reference": "x"}}
    labels = {
        LIFECYCLE_METADATA_LABEL: json.dumps(metadata),
        "io.buildpacks.base.distro.name": "debian",
        "io.buildpacks.base.distro.version": "13",
    }
    return Image(config=ImageConfig(labels=labels, created="1980-01-01T00:00:01Z"), layers=(run, bills))


def _names(image: Image) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.name, one.origins) for one in describe(image, "app", _DIGEST).components]


def test_layers_and_packages_are_one_list(tmp_path: Path) -> None:
    """A buildpack's own bill, its layers', and what dpkg says of the run image."""
    image = _image(
        tmp_path,
        Entry("/layers/sbom/launch/a_b/sbom.cdx.json", _bill("own")),
        Entry("/layers/sbom/launch/a_b/venv/sbom.cdx.json", _bill("flask")),
        Entry("/layers/sbom/launch/a_b/venv/sbom.spdx.json", '{"packages": [{"name": "the same again"}]}'),
        Entry("/layers/sbom/launch/a_b/broken/sbom.cdx.json", "{"),
        Entry("/layers/sbom/launch/a_b/other.json", _bill("no bill")),
        base=(Entry("var/lib/dpkg/status", _STATUS),),
    )

    assert [("flask", ("a_b:venv",)), ("libc6", ("run image",)), ("own", ("a_b",))] == _names(image)


def test_an_image_without_any_is_empty(tmp_path: Path) -> None:
    """What nobody described has no components, and that is no error."""
    assert [] == _names(_image(tmp_path))
    assert () == describe(Image(config=ImageConfig()), "app", _DIGEST).components


def test_packages_of_images_without_dpkg(tmp_path: Path) -> None:
    """A file for each package, as distroless images have them; sums beside them are none."""
    base = (
        Entry("./var/lib/dpkg/status.d/libc6", "Package: libc6\nArchitecture: amd64\nVersion: 2\n"),
        Entry("./var/lib/dpkg/status.d/libc6.md5sums", "x"),
        Entry("./var/lib/dpkg/status.d/tzdata", "Package: tzdata\nArchitecture: all\nVersion: 3\n"),
    )
    image = _image(tmp_path, base=base)

    assert [("libc6", "2"), ("tzdata", "3")] == [(one.name, one.version) for one in packages_of(image)]


def test_an_upper_layer_has_the_last_word(tmp_path: Path) -> None:
    """An image that was extended says what is installed now."""
    blobs = BlobDirectory(tmp_path / "blobs")
    statuses = [_STATUS, _STATUS.replace("2.41-12", "2.41-13")]
    layers = tuple(blobs.write_layer([make_tar(Entry("var/lib/dpkg/status", text))]) for text in statuses)

    assert ["2.41-13"] == [one.version for one in packages_of(Image(config=ImageConfig(), layers=layers))]


def test_a_layer_that_is_another_is_refused(tmp_path: Path) -> None:
    """A bill of materials speaks of the image with this digest, or of none."""
    image = _image(tmp_path, base=(Entry("var/lib/dpkg/status", _STATUS),))
    run, bills = image.layers
    wrong = dataclasses.replace(run, diff_id=DiffId(sha256(b"other")))
    label = image.config.labels[LIFECYCLE_METADATA_LABEL].replace(run.diff_id, wrong.diff_id)
    config = dataclasses.replace(image.config, labels={**image.config.labels, LIFECYCLE_METADATA_LABEL: label})

    with pytest.raises(BlobCorruptError):
        describe(dataclasses.replace(image, config=config, layers=(wrong, bills)), "app", _DIGEST)
