"""Running ``bin/detect``, ``bin/build`` and ``bin/generate``: their environment and the files they are given.

Facts: reference/cnb.md §b.6; spec: buildpack.md "Buildpack Interface", image_extension.md "Image Extension Interface"
(buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lifecycle_py.environment import LayerEnvironment, target_variables, with_layers, with_platform
from lifecycle_py.inputs import BuildTarget, Directories
from lifecycle_py.layers_dir import read_env_directory, read_plain_files
from lifecycle_py.session import Command, ExitStatus, OutputLine, Place, Session
from lifecycle_py.spec.api_versions import BuildpackFeature, supports
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.env_delta import EnvAction, EnvDelta


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildpackRunner:
    """Runs the programs of buildpacks in one session, with the variables of the user and the operator."""

    session: Session
    directories: Directories
    target: BuildTarget
    base_env: Mapping[str, bytes]
    user_env: Mapping[str, bytes]
    operator_env: EnvDelta

    def home(self, buildpack: Buildpack) -> Place:
        """Give the directory of a buildpack or an extension."""
        find = self.directories.extension if buildpack.extension else self.directories.buildpack
        return find(buildpack.id, buildpack.version)

    def detect(self, buildpack: Buildpack, plan: Place, on_line: OutputLine) -> ExitStatus:
        """Run ``bin/detect``, which may write its build plan to ``plan``."""
        variables = {"CNB_BUILD_PLAN_PATH": str(plan.inside)}
        arguments = (str(self.directories.platform.inside), str(plan.inside))
        return self._run(buildpack, "detect", arguments, variables, (), on_line)

    def build(
        self,
        buildpack: Buildpack,
        layers: Place,
        plan: Place,
        earlier_layers: Iterable[LayerEnvironment],
        on_line: OutputLine,
    ) -> ExitStatus:
        """Run ``bin/build`` over its layers directory, with the layers of the buildpacks before it."""
        variables = {"CNB_BP_PLAN_PATH": str(plan.inside), "CNB_LAYERS_DIR": str(layers.inside)}
        arguments = (str(layers.inside), str(self.directories.platform.inside), str(plan.inside))
        return self._run(buildpack, "build", arguments, variables, earlier_layers, on_line)

    def generate(self, extension: Buildpack, output: Place, plan: Place, on_line: OutputLine) -> ExitStatus:
        """Run an extension's ``bin/generate``, which writes Dockerfiles into ``output``."""
        variables = {"CNB_BP_PLAN_PATH": str(plan.inside), "CNB_OUTPUT_DIR": str(output.inside)}
        arguments = (str(output.inside), str(self.directories.platform.inside), str(plan.inside))
        return self._run(extension, "generate", arguments, variables, (), on_line)

    def _run(
        self,
        buildpack: Buildpack,
        program: str,
        arguments: tuple[str, ...],
        variables: Mapping[str, str],
        earlier_layers: Iterable[LayerEnvironment],
        on_line: OutputLine,
    ) -> ExitStatus:
        place = self.home(buildpack)
        env = with_layers(self.base_env, earlier_layers)
        if not buildpack.clear_env:
            env = with_platform(env, self.user_env)
        env = self.operator_env.apply(env)
        env |= {
            "CNB_EXTENSION_DIR" if buildpack.extension else "CNB_BUILDPACK_DIR": str(place.inside).encode(),
            "CNB_PLATFORM_DIR": str(self.directories.platform.inside).encode(),
        }
        env |= {name: value.encode() for name, value in variables.items()}
        if supports(buildpack.api, BuildpackFeature.TARGETS):
            env |= target_variables(self.target.target)
        if supports(buildpack.api, BuildpackFeature.EXECUTION_ENVIRONMENTS):
            env["CNB_EXEC_ENV"] = self.target.exec_env.encode()
        command = Command(
            argv=(str(place.inside / "bin" / program), *arguments),
            env=env,
            working_dir=self.directories.app.inside,
        )
        return self.session.run(command, on_line)


def open_runner(
    session: Session, directories: Directories, target: BuildTarget, base_env: Mapping[str, bytes]
) -> BuildpackRunner:
    """Read the user's and the operator's variables once and make a runner."""
    return BuildpackRunner(
        session=session,
        directories=directories,
        target=target,
        base_env=base_env,
        user_env=read_plain_files(directories.platform / "env"),
        operator_env=read_env_directory(directories.build_config / "env", EnvAction.DEFAULT),
    )
