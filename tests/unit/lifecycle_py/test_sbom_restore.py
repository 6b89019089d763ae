"""Bills of materials of restored layers: they come back beside their layers, from the image and from the cache."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from lifecycle_py.exporter import Exported
from lifecycle_py.inputs import BuildUser, Directories
from lifecycle_py.oci.errors import LayerArchiveError
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.output import Kind
from lifecycle_py.sbom_restore import distribute_sboms, unpack_sbom_layer
from lifecycle_py.session import Place
from lifecycle_py.spec.group_toml import Group, GroupElement
from lifecycle_py.spec.identifiers import BuildpackId
from tests.support.tars import Entry, make_tar
from tests.support.trees import write_tree
from tests.support.workshop import Workshop

USER = BuildUser(inside=Owner(1000, 1000))
_GROUP = Group(buildpacks=(GroupElement(id=BuildpackId("a/b"), version="1", api="0.12"),))
_BUILD = """#!/bin/sh
cd "$CNB_LAYERS_DIR" || exit 1
for file in *.sbom.*; do [ -e "$file" ] && echo "found $file $(cat "$file")"; done
first() { [ ! -e "$1.toml" ]; }
if first l; then mkdir l; echo '{"of":"l"}' >l.sbom.cdx.json; fi
if first c; then mkdir c; echo '{"of":"c"}' >c.sbom.cdx.json; fi
if first cl; then mkdir cl; echo '{"of":"cl"}' >cl.sbom.spdx.json; fi
echo '[types]
launch = true' >l.toml
echo '[types]
cache = true' >c.toml
echo '[types]
cache = true
launch = true' >cl.toml
echo '{"of":"launch"}' >launch.sbom.cdx.json
"""
_FORMATS = 'sbom-formats = ["application/vnd.cyclonedx+json", "application/spdx+json"]\n'
_ALL = ['found c.sbom.cdx.json {"of":"c"}', 'found cl.sbom.spdx.json {"of":"cl"}', 'found l.sbom.cdx.json {"of":"l"}']


@pytest.fixture
def build(workshop: Workshop) -> Workshop:
    """Give a workshop with a buildpack that writes each SBOM once, with its layer."""
    workshop.write_buildpack("lists", {"bin/build": _BUILD}, _FORMATS)
    return workshop


def _sbom_of(exported: Exported) -> str:
    return next(layer.layer.diff_id for layer in exported.layers if layer.name == "sbom")


@pytest.mark.requirement(
    "platform.analyzer.sbom-restored",
    "buildpack.layer-types.launch-sbom-restored",
    "buildpack.layer-types.launch-reused-sbom",
)
def test_restored_layers_have_their_sboms(build: Workshop) -> None:
    """Launch layers' from the previous image, cached ones' from the cache; a build that leaves them has them again."""
    first = build.create("lists")

    second = build.create("lists")

    assert _ALL == build.output()
    assert _sbom_of(first) == _sbom_of(second)
    assert (build.layers / "sbom" / "cache" / "fixtures_lists" / "c" / "sbom.cdx.json").is_file()


def test_a_first_build_finds_none(build: Workshop) -> None:
    """There is nothing to restore, and no warning about that."""
    build.create("lists")

    assert ([], []) == (build.output(), build.reporter.texts(Kind.WARNING))


def test_layers_that_do_not_come_back_bring_no_sbom(build: Workshop) -> None:
    """Without the cache, only what the previous image's metadata restore has its SBOM."""
    build.create("lists")
    (build.cache.directory / "cache.json").unlink()

    build.create("lists")

    assert ['found l.sbom.cdx.json {"of":"l"}'] == build.output()


def test_damaged_sboms_cost_a_warning(build: Workshop) -> None:
    """Layers whose SBOM cannot be read are restored all the same."""
    build.create("lists")
    contents = build.cache.contents()
    sbom = contents.layer(contents.sbom or "")
    assert sbom is not None
    assert sbom.file is not None
    data = sbom.file.read_bytes()
    sbom.file.unlink()
    sbom.file.write_bytes(data[:-1] + b"x")

    build.create("lists")

    (warning,) = build.reporter.texts(Kind.WARNING)
    assert warning.startswith("Not restoring the bills of materials of cached layers: A blob in")
    # A layer that is in both has its file from the image.
    assert _ALL[1:] == build.output()


def _directories(root: Path) -> Directories:
    place = Place.here(root)
    return Directories(app=place, layers=place, platform=place, buildpacks=place, scratch=place, build_config=place)


def test_distribute_gives_launch_the_last_word(tmp_path: Path) -> None:
    """Of a layer that is in image and cache, the image's SBOM stays; the directory they came from goes."""
    tree = {
        "sbom/cache/a_b/l/sbom.cdx.json": "cache",
        "sbom/launch/a_b/l/sbom.cdx.json": "launch",
        "sbom/cache/a_b/l/sbom.syft.json": "syft",
        "a_b/l.toml": "",
    }

    distribute_sboms(_GROUP, _directories(write_tree(tmp_path, tree)), USER)

    assert ["l.sbom.cdx.json", "l.sbom.syft.json", "l.toml"] == sorted(
        path.name for path in (tmp_path / "a_b").iterdir()
    )
    assert "launch" == (tmp_path / "a_b" / "l.sbom.cdx.json").read_text()
    assert not (tmp_path / "sbom").exists()


@pytest.mark.parametrize(
    "tree",
    [
        {"sbom/cache/a_b/l/sbom.cdx.json": "-> /etc/passwd"},
        {"sbom/cache/a_b/l": "-> /etc/ssl"},
        {"sbom/cache/a_b": "-> ../../elsewhere", "elsewhere/l/sbom.cdx.json": "x"},
        {"sbom/cache": "-> ../elsewhere", "elsewhere/a_b/l/sbom.cdx.json": "x"},
        {"sbom": "-> elsewhere", "elsewhere/cache/a_b/l/sbom.cdx.json": "x"},
        {"sbom/cache/a_b/l/other.json": "x"},
        {"sbom/cache/a_b/sbom.cdx.json": "x"},
        {"sbom/cache/a_b/unknown/sbom.cdx.json": "x"},
        {"sbom/cache/c_d/l/sbom.cdx.json": "x"},
        {"sbom/build/a_b/l/sbom.cdx.json": "x"},
    ],
)
def test_distribute_brings_nothing_else(tmp_path: Path, tree: dict[str, str]) -> None:
    """No link is followed; a buildpack's own SBOM, a layer that is not there, and strangers are left out."""
    write_tree(tmp_path, {**tree, "a_b/l.toml": ""})

    distribute_sboms(_GROUP, _directories(tmp_path), USER)

    assert ["l.toml"] == [path.name for path in (tmp_path / "a_b").iterdir()]


def test_unpack_takes_only_the_scope(tmp_path: Path) -> None:
    """An SBOM layer that holds something else puts it nowhere."""
    layers = write_tree(tmp_path / "layers", {"a_b/l.toml": "mine"})
    tar = make_tar(
        Entry(f"{layers}/sbom/cache/a_b/l/sbom.cdx.json", "yes"),
        Entry(f"{layers}/sbom/launch/a_b/l/sbom.cdx.json", "no"),
        Entry(f"{layers}/a_b/l.toml", "no"),
        Entry(f"{tmp_path}/outside", "no"),
    )

    unpack_sbom_layer(io.BytesIO(tar), Place.here(layers), "cache", USER)

    assert ["a_b/l.toml", "sbom/cache/a_b/l/sbom.cdx.json"] == sorted(
        str(path.relative_to(layers)) for path in layers.rglob("*") if path.is_file()
    )
    assert ("mine", False) == ((layers / "a_b" / "l.toml").read_text(), (tmp_path / "outside").exists())


def test_unpack_replaces_a_link_in_its_place(tmp_path: Path) -> None:
    """What a buildpack planted at ``<layers>/sbom`` leads nowhere."""
    layers = write_tree(tmp_path / "layers", {"sbom": "-> ../outside"})
    (tmp_path / "outside").mkdir()

    unpack_sbom_layer(
        io.BytesIO(make_tar(Entry(f"{layers}/sbom/launch/a_b/l/sbom.cdx.json", "x"))),
        Place.here(layers),
        "launch",
        USER,
    )

    assert ([], False) == (list((tmp_path / "outside").iterdir()), (layers / "sbom").is_symlink())


def test_unpack_leaves_nothing_of_a_damaged_layer(tmp_path: Path) -> None:
    """Half of an SBOM layer is none."""
    layers = write_tree(tmp_path / "layers", {})
    tar = make_tar(Entry(f"{layers}/sbom/cache/a_b/l/sbom.cdx.json", "x" * 10_000))

    with pytest.raises(LayerArchiveError):
        unpack_sbom_layer(io.BytesIO(tar[:5000]), Place.here(layers), "cache", USER)

    assert not (layers / "sbom" / "cache").exists()
