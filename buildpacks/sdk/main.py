"""Running a buildpack as the program a lifecycle starts: the only place that reads the process and ends it.

Spec: buildpack.md "Buildpack Interface" (buildpacks/spec@b745fcf). Exit codes: detect passes with 0 and fails with
100; any error is 1, or the error's own code.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from buildpacks.sdk.buildpack import Buildpack, Passed
from buildpacks.sdk.errors import ExplainedError, MissingInputError
from buildpacks.sdk.output import Output, standard_output
from buildpacks.sdk.redaction import Redactor
from lifecycle_py.spec.targets import Distro, Target

if TYPE_CHECKING:
    from buildpacks.sdk.buildpack import BuildResult
    from buildpacks.sdk.context import BuildContext, DetectContext

DETECT_FAILED = 100
_ERROR = 1
_LIFECYCLES_OWN = "CNB_"


def run_buildpack(buildpack: Buildpack, arguments: Sequence[str]) -> int:
    """Run ``bin/detect`` or ``bin/build``, by the name of the program, and give the exit status."""
    environment = dict(os.environ)
    user_env = _read_env_dir(Path(environment.get("CNB_PLATFORM_DIR", "/platform")) / "env")
    redactor = Redactor.for_environment(environment | user_env)
    output = standard_output(environment, redactor)
    phase = run_detect if os.path.basename(arguments[0]) == "detect" else run_build  # noqa: PTH119 - start-up time
    try:
        return phase(buildpack, environment, user_env, output)
    except ExplainedError as error:
        output.error(error.explain(), error.source)
        return error.exit_code
    except Exception:  # noqa: BLE001 - the boundary: what is not explained is our fault, and is shown whole
        return _internal_error(output)


def run_detect(
    buildpack: Buildpack, environment: Mapping[str, str], user_env: Mapping[str, str], output: Output
) -> int:
    """Run detection, write the build plan, and give the exit status."""
    result = buildpack.detect(_known(environment, user_env, output))
    if not isinstance(result, Passed):
        for reason in result.reasons:
            output.answer(reason)
        return DETECT_FAILED
    if result.because:
        output.answer(result.because)
    if result.plan is not None:
        from lifecycle_py.spec.toml_file import format_toml

        # Written in place: a platform may mount this one file, where a rename is impossible.
        file = Path(_required(environment, "CNB_BUILD_PLAN_PATH"))
        file.write_text(format_toml(result.plan.to_toml(), file), encoding="utf-8")
    return 0


def run_build(buildpack: Buildpack, environment: Mapping[str, str], user_env: Mapping[str, str], output: Output) -> int:
    """Run the build, write its layers and documents, and give the exit status."""
    from buildpacks.sdk.commands import run_program
    from buildpacks.sdk.context import BuildContext
    from lifecycle_py.spec.buildpack_plan import BuildpackPlan
    from lifecycle_py.spec.toml_file import read_toml

    context = BuildContext.extending(
        _known(environment, user_env, output),
        layers_dir=Path(_required(environment, "CNB_LAYERS_DIR")),
        plan=BuildpackPlan.from_toml(read_toml(Path(_required(environment, "CNB_BP_PLAN_PATH")))),
        runner=run_program,
        redactor=Redactor.for_environment({**environment, **user_env}),
    )
    build(buildpack, context)
    return 0


def build(buildpack: Buildpack, context: BuildContext) -> BuildResult:
    """Run a build in its context and write what it leaves."""
    from buildpacks.sdk.results import write_layer, write_result

    context.output.header(buildpack.name)
    result = buildpack.build(context)
    for layer in context.layers:
        write_layer(context.layers_dir, layer)
    write_result(context.layers_dir, result)
    return result


def _known(environment: Mapping[str, str], user_env: Mapping[str, str], output: Output) -> DetectContext:
    from buildpacks.sdk.context import DetectContext

    return DetectContext(
        app_dir=Path.cwd(),
        buildpack_dir=Path(_required(environment, "CNB_BUILDPACK_DIR")),
        target=_target(environment),
        exec_env=environment.get("CNB_EXEC_ENV", "production"),
        env={name: value for name, value in environment.items() if not name.startswith(_LIFECYCLES_OWN)},
        user_env=user_env,
        output=output,
    )


def _target(environment: Mapping[str, str]) -> Target:
    distro = environment.get("CNB_TARGET_DISTRO_NAME", "")
    return Target(
        os=environment.get("CNB_TARGET_OS", "linux"),
        arch=environment.get("CNB_TARGET_ARCH", ""),
        variant=environment.get("CNB_TARGET_ARCH_VARIANT", ""),
        distro=Distro(name=distro, version=environment.get("CNB_TARGET_DISTRO_VERSION", "")) if distro else None,
    )


def _read_env_dir(directory: Path) -> dict[str, str]:
    try:
        with os.scandir(directory) as entries:
            files = sorted(entry.name for entry in entries if entry.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {name: os.fsdecode((directory / name).read_bytes()) for name in files}


def _required(environment: Mapping[str, str], variable: str) -> str:
    value = environment.get(variable)
    if not value:
        raise MissingInputError(variable=variable)
    return value


def _internal_error(output: Output) -> int:
    import traceback

    from buildpacks.sdk.errors import Explanation, Source

    output.error(Explanation(what="Internal error of the buildpack", why=traceback.format_exc().rstrip()), Source.OURS)
    return _ERROR
