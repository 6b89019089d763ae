"""Layers that were made to do harm, from a cache or a previous image: nothing outside is written, the build goes on."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from lifecycle_py.caches.tree_pool import KnownTrees
from lifecycle_py.caches.volume_cache import VolumeCache
from lifecycle_py.oci.compression import Compression
from lifecycle_py.output import Kind
from lifecycle_py.restorer import RestoreSources, restore
from lifecycle_py.sbom_restore import restore_previous_sbom
from lifecycle_py.session import Place
from lifecycle_py.spec.cache_metadata import CACHE_METADATA_LABEL
from lifecycle_py.spec.image_labels import LayersMetadata
from tests.support.tars import Entry, directory, hard_link, make_tar, symlink
from tests.support.workshop import USER, Workshop

_BUILDPACK = "fixtures/always-passes"


def _layer(workshop: Workshop) -> str:
    return f"{workshop.layers}/fixtures_always-passes/tree"


def _hostile(workshop: Workshop) -> dict[str, list[Entry]]:
    layer, outside = _layer(workshop), f"{workshop.root}/outside"
    return {
        "climbs": [Entry(f"{layer}/../../../outside/file", "x")],
        "elsewhere": [Entry(f"{outside}/file", "x")],
        "behind a link": [symlink(f"{layer}/link", outside), Entry(f"{layer}/link/file", "x")],
        "behind its own link": [symlink(layer, outside), Entry(f"{layer}/file", "x")],
        "linked from outside": [hard_link(f"{layer}/stolen", f"{outside}/secret")],
        "device": [Entry(f"{layer}/device", kind=tarfile.CHRTYPE)],
        "pipe": [Entry(f"{layer}/pipe", kind=tarfile.FIFOTYPE)],
        "set-uid": [Entry(f"{layer}/program", "x", mode=0o4755)],
        "another buildpack's": [Entry(f"{workshop.layers}/fixtures_two-processes/web/file", "x")],
    }


_KINDS = (
    "climbs",
    "elsewhere",
    "behind a link",
    "behind its own link",
    "linked from outside",
    "device",
    "pipe",
    "set-uid",
    "another buildpack's",
)


def _cache_with(directory: Path, tar: bytes) -> VolumeCache:
    """Make a volume cache that says of a layer what is true, whatever its contents."""
    diff_id = f"sha256:{hashlib.sha256(tar).hexdigest()}"
    committed = directory / "committed"
    committed.mkdir(parents=True)
    (committed / f"{diff_id}.tar").write_bytes(tar)
    layer = {"sha": diff_id, "data": {}, "build": True, "launch": False, "cache": True}
    metadata = {"buildpacks": [{"key": _BUILDPACK, "version": "1.0.0", "layers": {"tree": layer}}]}
    (committed / CACHE_METADATA_LABEL).write_text(json.dumps(metadata))
    return VolumeCache(directory)


def _restore(workshop: Workshop, cache: VolumeCache) -> None:
    sources = RestoreSources(
        metadata=LayersMetadata(),
        cache=cache,
        trees=None,
        known=KnownTrees(),
        compression_recipe=Compression.GZIP.recipe,
    )
    restore(workshop.group("always_passes"), sources, workshop.directories, USER, workshop.reporter)


@pytest.fixture
def outside(workshop: Workshop) -> Path:
    """A directory beside the layers, with a secret in it."""
    place = workshop.root / "outside"
    place.mkdir()
    (place / "secret").write_text("secret")
    return place


def test_a_good_layer_comes_back(workshop: Workshop) -> None:
    """What the tests below do harm with restores a layer when there is none in it."""
    tar = make_tar(directory(_layer(workshop)), Entry(f"{_layer(workshop)}/file", "x"))
    _restore(workshop, _cache_with(workshop.root / "volume", tar))

    assert "x" == Path(_layer(workshop), "file").read_text()
    assert [] == workshop.reporter.texts(Kind.WARNING)


@pytest.mark.parametrize("kind", _KINDS)
def test_a_hostile_layer_of_a_cache_writes_nothing_outside(workshop: Workshop, outside: Path, kind: str) -> None:
    """Refused with a warning, or restored without what is hostile; nothing outside of the layer is touched."""
    entries = _hostile(workshop)[kind]
    _restore(workshop, _cache_with(workshop.root / "volume", make_tar(*entries)))

    assert {"secret": "secret"} == {path.name: path.read_text() for path in outside.iterdir()}
    assert not (workshop.layers / "fixtures_two-processes").exists()
    found = [path for path in Path(_layer(workshop)).rglob("*") if not path.is_symlink()]
    assert [] == [path for path in found if not (path.is_file() or path.is_dir())]
    assert [] == [path for path in found if path.is_file() and path.read_text() == "secret"]


@pytest.mark.parametrize("kind", ["climbs", "elsewhere", "behind a link", "linked from outside", "device"])
def test_a_hostile_sbom_layer_writes_nothing_outside(workshop: Workshop, outside: Path, kind: str) -> None:
    """The SBOM layer of a previous image is unpacked below ``<layers>/sbom`` only."""
    sbom = f"{workshop.layers}/sbom/launch"
    entries = {
        "climbs": Entry(f"{sbom}/../../../outside/file", "x"),
        "elsewhere": Entry(f"{outside}/file", "x"),
        "behind a link": Entry(f"{sbom}/link/file", "x"),
        "linked from outside": hard_link(f"{sbom}/stolen", f"{outside}/secret"),
        "device": Entry(f"{sbom}/device", kind=tarfile.CHRTYPE),
    }
    links = [symlink(f"{sbom}/link", str(outside))] if kind == "behind a link" else []
    exported = workshop.create("writes_sboms")
    layer = workshop.store.blobs.write_layer([make_tar(*links, entries[kind])])
    image = exported.image.__class__(config=exported.image.config, layers=(*exported.image.layers, layer))
    restore_previous_sbom(
        image, LayersMetadata(sbom=layer.diff_id), Place.here(workshop.layers), USER, workshop.reporter
    )

    assert {"secret": "secret"} == {path.name: path.read_text() for path in outside.iterdir()}
    assert [] == [path for path in workshop.layers.rglob("*") if path.name in {"stolen", "device"} and path.exists()]
