"""What a buildpack is told about the app, the platform and the images, and what it can do in a build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_py.spec.targets import Target

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from buildpacks.sdk.commands import RunProgram
    from buildpacks.sdk.layers import Layer
    from buildpacks.sdk.output import Output
    from buildpacks.sdk.redaction import Redactor
    from lifecycle_py.spec.buildpack_plan import BuildpackPlan
    from lifecycle_py.spec.buildpack_toml import Buildpack as Descriptor
    from lifecycle_py.spec.layer_toml import LayerTypes
    from lifecycle_py.spec.toml_file import TomlTable


@dataclass(frozen=True, kw_only=True)
class DetectContext:
    """What both phases know.

    ``env`` is the environment for commands: the build image's, the earlier buildpacks' and the user's, without the
    lifecycle's own variables. ``user_env`` is what the user gave to the platform, and nothing else: read settings
    from there, so that a variable of the build image cannot switch something.
    """

    app_dir: Path
    buildpack_dir: Path
    target: Target
    exec_env: str
    env: Mapping[str, str]
    user_env: Mapping[str, str]
    output: Output

    @property
    def target_name(self) -> str:
        """Name what is built for, such as ``linux/amd64 debian 13``, as keys of layers have it."""
        distro = self.target.distro
        return f"{self.target.os}/{self.target.arch}" + (f" {distro.name} {distro.version}" if distro else "")

    @property
    def descriptor(self) -> Descriptor:
        """Read the buildpack's own buildpack.toml."""
        from lifecycle_py.spec.buildpack_toml import read_buildpack

        return read_buildpack(self.buildpack_dir)


@dataclass(frozen=True, kw_only=True)
class BuildContext(DetectContext):
    """What a build knows and can do.

    ``plan`` holds the requirements this buildpack was chosen to meet; ``store`` what it remembers about the app.
    """

    layers_dir: Path
    plan: BuildpackPlan
    store: TomlTable
    runner: RunProgram
    redactor: Redactor
    layers: list[Layer] = field(default_factory=list)

    @classmethod
    def extending(
        cls, known: DetectContext, *, layers_dir: Path, plan: BuildpackPlan, runner: RunProgram, redactor: Redactor
    ) -> BuildContext:
        """Make the context of a build from what both phases know; reads store.toml of ``layers_dir``."""
        from lifecycle_py.spec.store_toml import Store
        from lifecycle_py.spec.toml_file import read_toml_if_present

        return cls(
            app_dir=known.app_dir,
            buildpack_dir=known.buildpack_dir,
            target=known.target,
            exec_env=known.exec_env,
            env=known.env,
            user_env=known.user_env,
            output=known.output,
            layers_dir=layers_dir,
            plan=plan,
            store=Store.from_toml(read_toml_if_present(layers_dir / "store.toml")).metadata,
            runner=runner,
            redactor=redactor,
        )

    def layer(
        self,
        name: str,
        key: DataclassInstance | None = None,
        *,
        types: LayerTypes,
        update_in_place_on: Sequence[str] = (),
    ) -> Layer:
        """Open a layer: its ``state`` says whether there is something to do, and why. See ``buildpacks.sdk.layers``."""
        from buildpacks.sdk.layers import open_layer

        layer = open_layer(self.layers_dir, name, types, key, update_in_place_on)
        self.layers.append(layer)
        return layer

    def keep_layer(self, name: str, key: DataclassInstance | None = None, *, types: LayerTypes) -> Layer | None:
        """Keep a cached layer that this build may not need, if its key is still the same; otherwise let it go."""
        from buildpacks.sdk.layers import keep_layer

        layer = self.find_layer(name) or keep_layer(self.layers_dir, name, types, key)
        if layer is not None and layer not in self.layers:
            self.layers.append(layer)
        return layer

    def find_layer(self, name: str) -> Layer | None:
        """Find a layer this build has opened or kept."""
        return next((layer for layer in self.layers if layer.name == name), None)

    def run(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        show: bool = True,
    ) -> tuple[str, ...]:
        """Run a program and give its output as lines.

        Args:
            arguments: the program, found in the PATH of ``env``, and its arguments.
            env: its whole environment; ``context.env`` when not given.
            cwd: its working directory; the app directory when not given.
            show: whether its output appears in the log while it runs.

        Raises:
            CommandFailedError: it ended with a status other than zero.
            CommandNotFoundError: there is no such program.
        """
        from buildpacks.sdk.commands import Command, run, to_argv

        command = Command(
            argv=to_argv(arguments),
            environment=self.env if env is None else env,
            working_dir=self.app_dir if cwd is None else cwd,
        )
        return run(command, self.runner, self.redactor, self.output.command_line if show else _ignore)


def _ignore(_line: str) -> None:
    pass
