"""Two lifecycles, ours and the reference's, run phase by phase over the same directories and the same registry.

Phases run as an ordinary user, as in a builder image. The directories have the same absolute paths for both, so that
layers can be compared to the byte.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle_py.launcher import launcher_file
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.model import History, Image, ImageConfig
from lifecycle_py.oci.registry.credentials import Keychain
from lifecycle_py.oci.registry.settings import RegistrySettings
from lifecycle_py.oci.registry_store import RegistryStore
from lifecycle_py.spec.buildpack_toml import read_buildpack
from lifecycle_py.spec.identifiers import directory_name
from tests.support.docker_registry import DockerRegistry, run_registry
from tests.support.reference_programs import reference_programs
from tests.support.tars import Entry, directory, make_tar
from tests.support.trees import TreeMap, write_tree

REPOSITORY = Path(__file__).parents[2]
FIXTURES = REPOSITORY / "fixtures" / "buildpacks"
USER = 1000
_LAUNCHER_SBOM = 11  # the minor version of the Platform API that brought the flag
PHASES = ("analyzer", "detector", "restorer", "builder", "exporter")
_MANIFESTS = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
# Our programs are Python files of root here; in a builder image everybody may read them.
AS_USER = (
    *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifecycle:
    """A lifecycle: its name and how its phases are called."""

    name: str
    ours: bool

    def argv(self, phase: str) -> tuple[str, ...]:
        """Give the command of a phase, which is named as its program is (``analyzer``)."""
        if self.ours:
            start = f"import sys; sys.argv[0] = {phase!r}; from lifecycle_py.cli.entry import main; main()"
            return (sys.executable, "-c", start)
        return (str(reference_programs().phases / phase),)


OURS = Lifecycle(name="ours", ours=True)
REFERENCE = Lifecycle(name="reference", ours=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A phase that ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Everything it said."""
        return self.stdout + self.stderr


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """An image as the registry has it, and what the phases said and wrote."""

    digest: str
    config: Mapping[str, Any]
    manifest: Mapping[str, Any]
    said: Mapping[str, str]
    documents: Mapping[str, Mapping[str, Any]]

    @property
    def diff_ids(self) -> list[str]:
        """The layers' diff IDs."""
        return list(self.config["rootfs"]["diff_ids"])

    @property
    def titles(self) -> list[str]:
        """What made each layer, as its history says."""
        return [entry.get("created_by", "") for entry in self.config["history"] if not entry.get("empty_layer")]

    def layers(self) -> dict[str, str]:
        """Give the layers above the run image: what made it → diff ID."""
        return dict(_above(zip(self.titles, self.diff_ids, strict=True)))

    def blobs(self) -> dict[str, str]:
        """Give the same with the digests of the layers as they are stored."""
        stored = [layer["digest"] for layer in self.manifest["layers"]]
        return dict(_above(zip(self.titles, stored, strict=True)))

    def label(self, name: str) -> Any:
        """Read a JSON label."""
        return json.loads(self.config["config"]["Labels"][name])


def _above(layers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(title, digest) for title, digest in layers if title and not title.startswith("COPY ")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """The directories of a builder image, and a registry with a run image."""

    root: Path
    registry: DockerRegistry
    api: str = "0.14"

    @property
    def layers(self) -> Path:
        """The layers directory."""
        return self.root / "layers"

    @property
    def app(self) -> Path:
        """The app directory."""
        return self.root / "app"

    @property
    def store(self) -> RegistryStore:
        """Our registry store over the site's registry."""
        return RegistryStore(RegistrySettings(environ={}), Keychain({"HOME": "/nonexistent"}))

    def name(self, image: str) -> str:
        """Give an image's full name in the registry."""
        return f"{self.registry.host}/{image}"

    def environ(self, **more: str) -> dict[str, str]:
        """Give the environment of the phases."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.root / "home"),
            "PYTHONPATH": str(REPOSITORY),
            "CNB_PLATFORM_API": self.api,
            "CNB_APP_DIR": str(self.app),
            "CNB_LAYERS_DIR": str(self.layers),
            "CNB_PLATFORM_DIR": str(self.root / "platform"),
            "CNB_BUILDPACKS_DIR": str(self.root / "buildpacks"),
            "CNB_EXTENSIONS_DIR": str(self.root / "extensions"),
            "CNB_BUILD_CONFIG_DIR": str(self.root / "build-config"),
            "CNB_ORDER_PATH": str(self.root / "order.toml"),
            "CNB_RUN_PATH": str(self.root / "run.toml"),
            "CNB_STACK_PATH": str(self.root / "stack.toml"),
            "CNB_STACK_ID": "tests.stack",
            "CNB_SYSTEM_PATH": str(self.root / "system.toml"),
            "CNB_USER_ID": str(USER),
            "CNB_GROUP_ID": str(USER),
            "CNB_NO_COLOR": "true",
            **more,
        }

    def run(self, lifecycle: Lifecycle, phase: str, *arguments: str, **env: str) -> Finished:
        """Run a phase, which has to succeed."""
        finished = self.try_to_run(lifecycle, phase, *arguments, **env)
        assert 0 == finished.code, f"{lifecycle.name} {phase}:\n{finished.output}"
        return finished

    def try_to_run(self, lifecycle: Lifecycle, phase: str, *arguments: str, **env: str) -> Finished:
        """Run a phase to its end, whatever that is."""
        with self.start(lifecycle, phase, *arguments, **env) as process:
            stdout, stderr = process.communicate()
        return Finished(code=process.returncode, stdout=stdout, stderr=stderr)

    def start(self, lifecycle: Lifecycle, phase: str, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start a phase in a session of its own."""
        prefix = AS_USER if os.geteuid() == 0 else ()
        return subprocess.Popen(
            [*prefix, *lifecycle.argv(phase), *arguments],
            env=self.environ(**env),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def build(
        self,
        lifecycle: Lifecycle | Mapping[str, Lifecycle],
        image: str = "app",
        *,
        cache: Sequence[str] = (),
        export: Sequence[str] = (),
        **env: str,
    ) -> Built:
        """Build the app in fresh directories and give the image.

        Args:
            lifecycle: who runs the phases, or who runs each: phase → lifecycle.
            image: the image's name in the registry.
            cache: ``("-cache-dir", DIR)`` or the like.
            export: more flags of the exporter.
            env: more variables of all phases.
        """
        self.renew()
        name = self.name(image)
        who = {phase: lifecycle if isinstance(lifecycle, Lifecycle) else lifecycle[phase] for phase in PHASES}
        steps = self.steps(name, cache, export)
        said = {phase: self.run(who[phase], phase, *arguments, **env).output for phase, arguments in steps.items()}
        return self.read(image, said)

    def steps(self, name: str, cache: Sequence[str] = (), export: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
        """Give the phases of a build of an image, in order, with their arguments."""
        launcher = ["-launcher", str(self.root / "launcher")]
        if int(self.api.partition(".")[2]) >= _LAUNCHER_SBOM:
            launcher += ["-launcher-sbom", str(self.root / "launcher-sbom")]
        cache_image = tuple(cache) if tuple(cache[:1]) == ("-cache-image",) else ()
        return {
            "analyzer": (*cache_image, name),
            "detector": (),
            "restorer": tuple(cache),
            "builder": (),
            "exporter": (*cache, *launcher, *export, name),
        }

    def read(self, image: str, said: Mapping[str, str] | None = None) -> Built:
        """Give an image as the registry has it now."""
        found = self.store.find(self.name(image))
        assert found is not None
        manifest = self._get(f"{image}/manifests/latest")
        names = ("analyzed", "group", "plan", "report", "config/metadata")
        return Built(
            digest=found.digest,
            config=self._get(f"{image}/blobs/{manifest['config']['digest']}"),
            manifest=manifest,
            said=said or {},
            documents={
                name: tomllib.loads((self.layers / f"{name}.toml").read_text())
                for name in names
                if (self.layers / f"{name}.toml").exists()
            },
        )

    def _get(self, path: str) -> dict[str, Any]:
        """Ask the registry itself: neither lifecycle's reader stands between."""
        request = urllib.request.Request(f"http://{self.registry.host}/v2/{path}", headers={"Accept": _MANIFESTS})
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - the test's own registry
            document: dict[str, Any] = json.load(answer)
            return document

    def renew(self) -> None:
        """Make the directories of a fresh build; the app's source comes back as it was written."""
        shutil.rmtree(self.layers, ignore_errors=True)
        shutil.rmtree(self.app, ignore_errors=True)
        self.layers.mkdir(mode=0o755)
        shutil.copytree(self.root / "source", self.app, symlinks=True)
        if os.geteuid() == 0:
            for path in (self.layers, self.app, *self.app.rglob("*")):
                os.chown(path, USER, USER, follow_symlinks=False)

    def write_source(self, tree: TreeMap) -> None:
        """Write the app's source, over what is there."""
        write_tree(self.root / "source", tree)

    def install(self, *sources: Path) -> None:
        """Install buildpacks and make them, in this order, the one group."""
        order = "[[order]]\n"
        for source in sources:
            buildpack = read_buildpack(source)
            target = self.root / "buildpacks" / directory_name(buildpack.id) / buildpack.version
            if not target.exists():
                shutil.copytree(source, target, symlinks=True)
            order += f'[[order.group]]\nid = "{buildpack.id}"\nversion = "{buildpack.version}"\n'
        (self.root / "order.toml").write_text(order)

    def push_run_image(self, name: str = "run", *, contents: str = "ID=debian\n", **config: Any) -> None:
        """Push a run image of two layers."""
        blobs = BlobDirectory(self.root / "blobs")
        layers = (
            blobs.write_layer([make_tar(directory("etc"), Entry("etc/os-release", contents))]),
            blobs.write_layer([make_tar(directory("usr"), Entry(f"usr/{name}", contents * 100))]),
        )
        image = Image(config=dataclasses.replace(RUN_CONFIG, **config), layers=layers)
        self.store.save(image, [self.name(name)])


RUN_CONFIG = ImageConfig(
    os="linux",
    architecture="amd64",
    env=("PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "WITH_EQUALS=a=b=c"),
    labels={
        "io.buildpacks.base.distro.name": "debian",
        "io.buildpacks.base.distro.version": "13",
        "io.buildpacks.base.maintainer": "tests",
        "io.buildpacks.rebasable": "true",
        "io.buildpacks.stack.id": "tests.stack",
        "io.buildpacks.stack.mixins": '["git"]',
        "org.opencontainers.image.title": "run",
    },
    user=f"{USER}:{USER}",
    cmd=("bash",),
    history=(
        History(created="2026-01-01T00:00:00Z", created_by="COPY etc"),
        History(created="2026-01-01T00:00:00Z", created_by="ENV LANG=C.UTF-8", empty_layer=True),
        History(created="2026-01-01T00:00:00Z", created_by="COPY usr"),
    ),
)


@contextmanager
def open_site(*, parent: Path | None = None, **settings: Any) -> Iterator[Site]:
    """Give a site below ``parent``; it is gone at the end. Everybody may read it, as a builder image's files."""
    with tempfile.TemporaryDirectory(prefix="site-", dir=parent, ignore_cleanup_errors=True) as temporary:
        root = Path(temporary)
        root.chmod(0o755)
        with run_registry(root / "registry") as start:
            site = Site(root=root, registry=start(), **settings)
            for name in ("platform/env", "buildpacks", "extensions", "home", "launcher-sbom", "source", "cache"):
                (root / name).mkdir(parents=True)
            for name in (".", "cache", "home"):
                if os.geteuid() == 0:
                    os.chown(root / name, USER, USER)
            shutil.copy(launcher_file("amd64" if os.uname().machine == "x86_64" else "arm64"), root / "launcher")
            site.push_run_image()
            (root / "run.toml").write_text(f'[[images]]\nimage = "{site.name("run")}"\n')
            (root / "stack.toml").write_text(f'[run-image]\nimage = "{site.name("run")}"\n')
            yield site
