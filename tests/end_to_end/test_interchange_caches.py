"""Caches change hands: what the reference lifecycle left restores here, and the other way round."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lifecycle_py.caches.cache import Cache
from lifecycle_py.caches.image_cache import ImageCache
from lifecycle_py.caches.tree_pool import KnownTrees
from lifecycle_py.caches.volume_cache import VolumeCache
from lifecycle_py.inputs import BuildUser, Directories
from lifecycle_py.launcher import launcher_file
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.layer_tar import Owner, Tree, tree_tar
from lifecycle_py.oci.model import Image, ImageConfig
from lifecycle_py.oci.registry.credentials import Keychain
from lifecycle_py.oci.registry.settings import RegistrySettings
from lifecycle_py.oci.registry_store import RegistryStore
from lifecycle_py.output import RecordingReporter
from lifecycle_py.restorer import RestoreSources, restore
from lifecycle_py.session import Place
from lifecycle_py.spec.group_toml import Group, GroupElement
from lifecycle_py.spec.identifiers import BuildpackId, LayerName
from lifecycle_py.spec.image_labels import LayersMetadata, RecordedBuildpack, RecordedLayer
from lifecycle_py.spec.layer_toml import LayerTypes
from tests.support.docker_registry import DockerRegistry, run_registry
from tests.support.reference_programs import reference_programs
from tests.support.tars import Entry, make_tar
from tests.support.trees import write_tree

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("interchange")]

_OWNER = Owner(0, 0)
_ELEMENT = GroupElement(id=BuildpackId("a/b"), version="1", api="0.12")
_LAYER = {"a_b/tools/bin/tool": "#!/bin/sh\n", "a_b/tools/link": "-> bin/tool"}
_SBOM = {"sbom/cache/a_b/tools/sbom.cdx.json": '{"of":"tools"}'}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    """A real registry."""
    with run_registry(tmp_path_factory.mktemp("registry")) as start:
        yield start()


@dataclasses.dataclass
class _Bench:
    """A layers directory, and a cache of either kind under the names each lifecycle has for it."""

    root: Path
    store: RegistryStore
    host: str
    open_cache: Callable[[], Cache]
    flags: tuple[str, ...]

    @property
    def layers(self) -> Path:
        return self.root / "layers"

    def run(self, phase: str, *arguments: str) -> str:
        """Run a phase of the reference."""
        program = reference_programs().phases / phase
        environ = {"PATH": os.environ["PATH"], "CNB_PLATFORM_API": "0.13", "HOME": str(self.root)}
        command: list[str | Path] = [
            program,
            "-layers",
            str(self.layers),
            *self.flags,
            "-uid",
            "0",
            "-gid",
            "0",
            *arguments,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(params=["volume", "image"])
def bench(request: pytest.FixtureRequest, registry: DockerRegistry, tmp_path: Path) -> _Bench:
    """Give an empty cache of each kind."""
    store = RegistryStore(RegistrySettings(default_host=registry.host), Keychain({}))
    write_tree(tmp_path / "layers", {"group.toml": '[[group]]\nid = "a/b"\nversion = "1"\napi = "0.12"\n'})
    if request.param == "image":
        name = f"{registry.host}/{request.node.name.partition('[')[0]}"
        return _Bench(tmp_path, store, registry.host, lambda: ImageCache(store, name), ("-cache-image", name))
    directory = tmp_path / "cache"
    directory.mkdir()
    return _Bench(tmp_path, store, registry.host, lambda: VolumeCache(directory), ("-cache-dir", str(directory)))


def _keep(bench: _Bench) -> None:
    """Leave a cache as the exporter does."""
    write_tree(bench.layers, {**_LAYER, **_SBOM})
    blobs, cache = BlobDirectory(bench.root / "blobs"), bench.open_cache()
    layer, sbom = (
        blobs.write_layer(
            tree_tar(Tree(host=bench.layers / name, name=str(bench.layers / name), owner=_OWNER, parents_owner=_OWNER)),
            tar=cache.new_tar(),
        )
        for name in ("a_b/tools", "sbom/cache")
    )
    entry = RecordedLayer(diff_id=layer.diff_id, types=LayerTypes(cache=True, build=True), metadata={"version": "1"})
    with cache.update() as update:
        update.record(RecordedBuildpack(id=_ELEMENT.id, version="1", layers={LayerName("tools"): entry}), [layer])
        update.record_sbom(sbom)
    shutil.rmtree(bench.layers / "a_b")
    shutil.rmtree(bench.layers / "sbom")


def _restored(bench: _Bench) -> dict[str, str]:
    place = bench.layers / "a_b"
    return {
        str(path.relative_to(place)): path.read_text() for path in sorted(place.rglob("*")) if not path.is_dir()
    } | {"tools/link": os.readlink(place / "tools" / "link")}


_EXPECTED = {
    "tools.sbom.cdx.json": '{"of":"tools"}',
    "tools/bin/tool": "#!/bin/sh\n",
    "tools/link": "bin/tool",
}


def test_the_reference_restores_our_cache(bench: _Bench) -> None:
    """Contents, metadata and bills of materials; nothing is reported missing or damaged."""
    _keep(bench)
    (bench.layers / "analyzed.toml").write_text('[run-image]\nreference = "x"\n')

    output = bench.run("restorer")

    restored = _restored(bench)
    assert 'version = "1"' in restored.pop("tools.toml")
    assert _EXPECTED == restored
    assert "Warning" not in output


def test_our_restorer_restores_the_references_cache(bench: _Bench) -> None:
    """A cache the reference's exporter left, layers and bills of materials included."""
    _export_with_the_reference(bench)
    place = Place.here(bench.layers)
    directories = Directories(
        app=place, layers=place, platform=place, buildpacks=place, scratch=place, build_config=place
    )
    sources = RestoreSources(
        metadata=LayersMetadata(), cache=bench.open_cache(), trees=None, known=KnownTrees(), compression_recipe="any"
    )
    reporter = RecordingReporter()

    restore(Group(buildpacks=(_ELEMENT,)), sources, directories, BuildUser(inside=_OWNER), reporter)

    restored = _restored(bench)
    assert 'version = "1"' in restored.pop("tools.toml")
    assert _EXPECTED == restored


def _export_with_the_reference(bench: _Bench) -> None:
    run = f"{bench.host}/run:1"
    base = BlobDirectory(bench.root / "blobs").write_layer([make_tar(Entry("etc/os-release", "ID=debian"))])
    config = ImageConfig(labels={"io.buildpacks.base.distro.name": "debian"}, env=("PATH=/bin",))
    saved = bench.store.save(Image(config=config, layers=(base,)), [run])
    metadata = '[types]\ncache = true\nbuild = true\n[metadata]\nversion = "1"\n'
    analyzed = f'[run-image]\nreference = "{run}@{saved.digest}"\nimage = "{run}"\n[run-image.target]\nos = "linux"\n'
    write_tree(
        bench.layers,
        {
            **_LAYER,
            **_SBOM,
            "a_b/tools.toml": metadata,
            "analyzed.toml": analyzed,
            "config/metadata.toml": '[[buildpacks]]\nid = "a/b"\nversion = "1"\napi = "0.12"\n',
        },
    )
    write_tree(bench.root / "app", {"file": "x"})
    launcher = launcher_file("amd64")
    bench.run("exporter", "-app", str(bench.root / "app"), "-launcher", str(launcher), f"{bench.host}/app:1")
    for name in ("a_b", "sbom", "config"):
        shutil.rmtree(bench.layers / name)


def test_the_reference_reuses_what_it_finds_in_our_cache(bench: _Bench) -> None:
    """An unchanged layer in a cache of ours is known by the same diff ID, and the other way round."""
    _keep(bench)
    before = {layer.diff_id for layer in bench.open_cache().contents().layers}

    _export_with_the_reference(bench)

    assert before == {layer.diff_id for layer in bench.open_cache().contents().layers}
