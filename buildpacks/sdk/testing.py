"""Testing a buildpack in milliseconds: run it on a directory, restore its cache as a lifecycle would, run it again.

    app = AppUnderTest(PythonBuildpack(), tmp_path, {"requirements.txt": "flask"}, programs=FakePrograms())
    app.build().layer("venv").assert_rebuilt()
    app.build().layer("venv").assert_restored()

Between two builds only what a lifecycle restores survives: descriptions without their types, and the contents of
layers for the cache (reference: buildpack.md "Layer Types").
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from buildpacks.sdk.buildpack import Buildpack, BuildResult, DetectResult, Passed
from buildpacks.sdk.commands import Command, RunProgram, run_program
from buildpacks.sdk.context import BuildContext, DetectContext
from buildpacks.sdk.errors import ExplainedError
from buildpacks.sdk.layers import Empty, Layer, LayerState, Outdated, Restored
from buildpacks.sdk.main import build as run_build
from buildpacks.sdk.output import Output
from buildpacks.sdk.redaction import Redactor
from lifecycle_py.spec.build_plan import BuildPlan
from lifecycle_py.spec.buildpack_plan import BuildpackPlan
from lifecycle_py.spec.buildpack_toml import read_buildpack
from lifecycle_py.spec.layer_toml import LayerMetadata, LayerTypes
from lifecycle_py.spec.targets import Distro, Target
from lifecycle_py.spec.toml_file import read_toml, write_toml

DEBIAN_13 = Target(os="linux", arch="amd64", distro=Distro(name="debian", version="13"))
Answer: TypeAlias = Callable[[Command], tuple[int, str]]


@dataclass
class FakePrograms:
    """A table of programs, by the name of the file that is run; a name not in it succeeds and says nothing.

    ``commands`` records every command that was run.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)

    def __call__(self, command: Command, on_line: Callable[[str], None]) -> int:
        """Answer a command (the ``RunProgram`` of tests)."""
        self.commands.append(command)
        answer = self.answers.get(Path(command.argv[0]).name)
        status, text = answer(command) if answer else (0, "")
        for line in text.splitlines():
            on_line(line)
        return status

    @property
    def lines(self) -> list[str]:
        """Give the commands as a person would type them."""
        return [" ".join(command.argv) for command in self.commands]


@dataclass(frozen=True, kw_only=True)
class Detection:
    """How a detection ended."""

    result: DetectResult
    output: str

    @property
    def passed(self) -> bool:
        """Tell whether the buildpack takes part."""
        return isinstance(self.result, Passed)


@dataclass(frozen=True, kw_only=True)
class BuiltLayer:
    """A layer after a build, with assertions about its cache."""

    layer: Layer

    @property
    def path(self) -> Path:
        """Give the layer's directory."""
        return self.layer.path

    @property
    def reasons(self) -> list[str]:
        """Give why the layer was not simply restored, as the log says it."""
        return [str(reason) for reason in self.layer.state.reasons]

    def assert_restored(self) -> None:
        """Fail unless the contents of the last build were used as they are."""
        self._check(Restored, "")

    def assert_rebuilt(self, because: str = "") -> None:
        """Fail unless the layer was emptied and, when given, one of the reasons says ``because``."""
        self._check(Empty, because)

    def assert_updated(self, because: str = "") -> None:
        """Fail unless the contents were kept for an update in place."""
        self._check(Outdated, because)

    def _check(self, wanted: type[LayerState], because: str) -> None:
        if type(self.layer.state) is not wanted:
            message = f"'{self.layer.name}' is not {wanted.__name__} but {self.layer.state}"
            raise AssertionError(message)
        if because and not any(because in reason for reason in self.reasons):
            message = f"'{because}' is not among {self.reasons}"
            raise AssertionError(message)


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a build left."""

    result: BuildResult
    output: str
    layers: Mapping[str, Layer]

    def layer(self, name: str) -> BuiltLayer:
        """Give a layer by name."""
        return BuiltLayer(layer=self.layers[name])


class BuildFailedError(AssertionError):
    """A build of a test failed; ``output`` is its whole log, the explanation included."""

    def __init__(self, output: str, error: ExplainedError) -> None:
        """Keep the log and the error."""
        super().__init__(output)
        self.output = output
        self.error = error


class AppUnderTest:
    """An app in a temporary directory, with the layers that successive builds of it leave."""

    def __init__(
        self,
        buildpack: Buildpack,
        directory: Path,
        files: Mapping[str, str | bytes] | Path,
        *,
        programs: RunProgram = run_program,
        user_env: Mapping[str, str] | None = None,
    ) -> None:
        """Lay out the app.

        Args:
            buildpack: the buildpack to run.
            directory: an empty directory, such as pytest's ``tmp_path``.
            files: the app as path → contents, or a directory that is copied.
            programs: runs the buildpack's commands: real ones, or ``FakePrograms``.
            user_env: what the user gave to the platform.
        """
        self.buildpack = buildpack
        self.app_dir = directory / "app"
        self.layers_dir = directory / "layers"
        self.buildpack_dir = directory / "buildpack"
        self.programs = programs
        self.user_env = dict(user_env or {})
        self.target = DEBIAN_13
        self.exec_env = "production"
        self.layers_dir.mkdir(parents=True)
        if isinstance(files, Path):
            shutil.copytree(files, self.app_dir, symlinks=True)
        else:
            self.app_dir.mkdir()
            self.write(files)

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files of the app; a path that ends in ``/`` makes a directory."""
        for path, contents in files.items():
            file = self.app_dir / path
            (file if path.endswith("/") else file.parent).mkdir(parents=True, exist_ok=True)
            if not path.endswith("/"):
                file.write_bytes(contents.encode() if isinstance(contents, str) else contents)

    def detect(self) -> Detection:
        """Run detection."""
        log = io.StringIO()
        result = self.buildpack.detect(self._known(log))
        for reason in () if isinstance(result, Passed) else result.reasons:
            log.write(f"{reason}\n")
        return Detection(result=result, output=log.getvalue())

    def build(self, plan: BuildpackPlan | None = None) -> Built:
        """Restore what a lifecycle would, and run a build.

        Raises:
            BuildFailedError: the buildpack explained a failure.
        """
        self._restore()
        log = io.StringIO()
        context = BuildContext.extending(
            self._known(log),
            layers_dir=self.layers_dir,
            plan=plan or self._own_plan(),
            runner=self.programs,
            redactor=Redactor.for_environment(self.user_env),
        )
        try:
            result = run_build(self.buildpack, context)
        except ExplainedError as error:
            context.output.error(error.explain(), error.source)
            raise BuildFailedError(log.getvalue(), error) from error
        layers: dict[str, Layer] = {layer.name: layer for layer in context.layers}
        return Built(result=result, output=log.getvalue(), layers=layers)

    def clear_cache(self) -> None:
        """Forget every earlier build."""
        shutil.rmtree(self.layers_dir)
        self.layers_dir.mkdir()

    def _known(self, log: io.StringIO) -> DetectContext:
        redactor = Redactor.for_environment(self.user_env)
        return DetectContext(
            app_dir=self.app_dir,
            buildpack_dir=self.buildpack_dir,
            target=self.target,
            exec_env=self.exec_env,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.app_dir), **self._visible_env()},
            user_env=self.user_env,
            output=Output(log, log, redactor=redactor, clock=lambda: 0.0),
        )

    def _visible_env(self) -> Mapping[str, str]:
        """Give the user's variables as a lifecycle does: not to a buildpack whose buildpack.toml has ``clear-env``."""
        described = (self.buildpack_dir / "buildpack.toml").is_file()
        return {} if described and read_buildpack(self.buildpack_dir).clear_env else self.user_env

    def _own_plan(self) -> BuildpackPlan:
        result = self.detect().result
        plan = result.plan if isinstance(result, Passed) else None
        first = (plan or BuildPlan()).alternatives[0]
        return BuildpackPlan(entries=tuple(one for one in first.requires if one.name in first.provides))

    def _restore(self) -> None:
        for name in ("launch.toml", "build.toml"):
            (self.layers_dir / name).unlink(missing_ok=True)
        for file in sorted(self.layers_dir.glob("*.toml")):
            if file.name == "store.toml":
                continue
            metadata = LayerMetadata.from_toml(read_toml(file))
            _restore_layer(file, metadata, metadata.types or LayerTypes())


def _restore_layer(file: Path, metadata: LayerMetadata, types: LayerTypes) -> None:
    contents = file.with_suffix("")
    if not types.cache:
        shutil.rmtree(contents, ignore_errors=True)
    if types.cache or (types.launch and not types.build):
        write_toml(file, LayerMetadata(metadata=metadata.metadata).to_toml())
    else:
        file.unlink()
