"""Everything a build needs in one temporary directory: app, buildpacks of ``fixtures/``, run image, store, cache."""

from __future__ import annotations

import dataclasses
import itertools
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lifecycle_py.analyzer import Analysis, AnalyzeInputs, analyze
from lifecycle_py.caches.directory_cache import DirectoryCache
from lifecycle_py.caches.tree_pool import TreePool
from lifecycle_py.creator import CreateInputs, CreatePorts, create
from lifecycle_py.exporter import Exported, ExportInputs
from lifecycle_py.inputs import BuildTarget, BuildUser, Directories
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image, ImageConfig
from lifecycle_py.output import Kind, RecordingReporter
from lifecycle_py.run_buildpack import BuildpackRunner, open_runner
from lifecycle_py.session import Place
from lifecycle_py.spec.buildpack_toml import read_buildpack
from lifecycle_py.spec.group_toml import Group, GroupElement
from lifecycle_py.spec.identifiers import directory_name, parse_buildpack_id
from lifecycle_py.spec.order_toml import Order, OrderElement, OrderGroup
from lifecycle_py.spec.targets import Distro, Target
from tests.support.in_place_session import RecordingSession
from tests.support.tars import Entry, make_tar
from tests.support.trees import write_tree

FIXTURES = Path(__file__).parents[2] / "fixtures" / "buildpacks"
RUN_IMAGE = "example/run:13"
APP_IMAGE = "example/app"
USER = BuildUser(inside=Owner(1000, 1000))

RUN_CONFIG = ImageConfig(
    env=("PATH=/usr/bin:/bin", "LANG=C.UTF-8"),
    labels={"io.buildpacks.base.distro.name": "debian", "io.buildpacks.base.distro.version": "13"},
    user="1000:1000",
    cmd=("bash",),
)


def an_order(*groups: str, extensions: Sequence[str] = ()) -> Order:
    """Make an order: a string per group with the names of its fixtures, ``name?`` for an optional one."""
    return Order(groups=tuple(map(a_group, groups)), extensions=tuple(map(a_group, extensions)))


def a_group(words: str) -> OrderGroup:
    """Make one group of an order from the names of its fixtures."""
    return tuple(_order_element(word) for word in words.split())


def _order_element(word: str) -> OrderElement:
    name = word.removesuffix("?").replace("_", "-")
    return OrderElement(id=parse_buildpack_id(f"fixtures/{name}"), version="1.0.0", optional=word.endswith("?"))


class Workshop:
    """Directories and ports of builds of one app. Each build has its own layers directory, as in a real platform."""

    def __init__(self, root: Path) -> None:
        """Work below ``root``."""
        self.root = root
        self.app = write_tree(root / "app", {"index.html": "<p>", "version": "1"})
        self.platform = write_tree(root / "platform", {"env/": ""})
        self.buildpacks = root / "buildpacks"
        self.extensions = root / "extensions"
        self.store = LayoutStore(root / "store")
        self.cache = DirectoryCache(root / "cache")
        self.trees = TreePool(root / "trees")
        self.launcher = root / "launcher"
        self.launcher.write_bytes(b"ELF")
        self.reporter = RecordingReporter()
        self.session = RecordingSession()
        self._builds = itertools.count()
        for fixture in sorted(FIXTURES.iterdir()):
            self.install(fixture)
        base = self.store.blobs.write_layer([make_tar(Entry("etc/os-release", "ID=debian"))])
        self.run_image = self.store.save(Image(config=RUN_CONFIG, layers=(base,)), [RUN_IMAGE])
        self.directories = self.new_directories()

    def install(self, source: Path) -> None:
        """Put a buildpack where the lifecycle looks for it."""
        buildpack = read_buildpack(source)
        shutil.copytree(source, self.buildpacks / directory_name(buildpack.id) / buildpack.version)

    def write_buildpack(self, name: str, files: Mapping[str, str], toml: str = "") -> None:
        """Make a buildpack ``fixtures/<name>`` for one test."""
        head = f'api = "0.12"\n[buildpack]\nid = "fixtures/{name}"\nversion = "1.0.0"\n{toml}'
        write_tree(
            self.buildpacks / f"fixtures_{name}" / "1.0.0",
            {"bin/detect": "#!/bin/sh\n", "bin/build": "#!/bin/sh\n", "buildpack.toml": head, **files},
        )

    def write_extension(self, name: str, files: Mapping[str, str], toml: str = "") -> Path:
        """Make an extension ``fixtures/<name>`` for one test; it has the programs among ``files`` only."""
        head = f'api = "0.12"\n[extension]\nid = "fixtures/{name}"\nversion = "1.0.0"\n{toml}'
        return write_tree(self.extensions / f"fixtures_{name}" / "1.0.0", {"extension.toml": head, **files})

    def new_directories(self) -> Directories:
        """Make the directories of the next build. Layers are always at one path inside, so that builds compare."""
        self.layers = self.root / "layers"
        shutil.rmtree(self.layers, ignore_errors=True)
        self.layers.mkdir()
        scratch = self.root / f"scratch-{next(self._builds)}"
        scratch.mkdir()
        self.directories = Directories(
            app=Place.here(self.app),
            layers=Place.here(self.layers),
            platform=Place.here(self.platform),
            buildpacks=Place.here(self.buildpacks),
            extensions=Place.here(self.extensions),
            scratch=Place.here(scratch),
            build_config=Place.here(self.root / "build-config"),
        )
        return self.directories

    def runner(self, target: Target | None = None, exec_env: str = "production", **env: str) -> BuildpackRunner:
        """Make a runner over the present directories."""
        wanted = target or Target(os="linux", arch="amd64", distro=Distro(name="debian", version="13"))
        base = {"PATH": b"/usr/bin:/bin", **{name: value.encode() for name, value in env.items()}}
        return open_runner(self.session, self.directories, BuildTarget(target=wanted, exec_env=exec_env), base)

    def group(self, *names: str) -> Group:
        """Make a detected group of fixtures."""
        return Group(
            buildpacks=tuple(
                GroupElement(id=parse_buildpack_id(f"fixtures/{name.replace('_', '-')}"), version="1.0.0", api="0.12")
                for name in names
            )
        )

    def analyze(self) -> Analysis:
        """Analyze the present state of the store."""
        inputs = AnalyzeInputs(references=(APP_IMAGE,), run_image=RUN_IMAGE)
        return analyze(inputs, store=self.store, run_image_store=self.store)

    def create(
        self, *groups: str, with_trees: bool = True, references: Sequence[str] = (APP_IMAGE,), **export: Any
    ) -> Exported:
        """Build the app in fresh directories, as a platform does."""
        self.reporter.events.clear()
        self.session.commands.clear()
        inputs = CreateInputs(
            directories=self.new_directories(),
            order=an_order(*groups),
            run_image=RUN_IMAGE,
            export=dataclasses.replace(self.export_inputs(references), **export),
            session_env={"PATH": b"/usr/bin:/bin"},
        )
        ports = CreatePorts(
            session=self.session,
            store=self.store,
            run_image_store=self.store,
            blobs=self.store.blobs,
            cache=self.cache,
            trees=self.trees if with_trees else None,
            reporter=self.reporter,
        )
        return create(inputs, ports)

    def export_inputs(self, references: Sequence[str] = (APP_IMAGE,)) -> ExportInputs:
        """Give the usual inputs of an export."""
        return ExportInputs(references=tuple(references), launcher=self.launcher, launcher_version="1.2.3", user=USER)

    def output(self) -> list[str]:
        """Give the lines buildpacks printed."""
        return self.reporter.texts(Kind.OUTPUT)


def label(exported: Exported, name: str) -> Any:
    """Read a JSON label of an exported image."""
    return json.loads(exported.image.config.labels[name])
