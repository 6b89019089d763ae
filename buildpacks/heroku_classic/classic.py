"""A classic buildpack: its scripts, and the place and environment they run in.

Facts: reference/heroku.md §1.1 and §1.3. The app is built where it will run: ``BUILD_DIR`` is the app directory, so
that paths a buildpack writes down still hold in the app image.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from buildpacks.heroku_classic.errors import (
    STACK_SETTING,
    CompileFailedError,
    DetectCrashedError,
    NothingWrappedError,
    ReleaseFailedError,
    ScriptMissingError,
)
from buildpacks.sdk import BuildContext, Command, CommandFailedError, DetectContext, run_program

DIRECTORY = "classic"
DEFAULT_STACK = "heroku-24"
SOURCE_VERSION = "SOURCE_VERSION"
_DID_NOT_RUN = 126
_SHOWN_LINES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Detected:
    """What ``bin/detect`` said: whether it matches, and its words; the last is the framework's name if it does."""

    matches: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Workbench:
    """What a build needs: a copy of the buildpack that may be written to, and the directories of the contract."""

    name: str
    pack: Path
    cache: Path
    env_dir: Path
    scratch: Path
    environment: dict[str, str]


def find_classic(buildpack_dir: Path) -> Path:
    """Give the wrapped buildpack, sure that its scripts can run.

    Raises:
        NothingWrappedError: there is none.
        ScriptMissingError: ``bin/detect`` or ``bin/compile`` is missing or no program.
    """
    classic = buildpack_dir / DIRECTORY
    if not classic.is_dir():
        raise NothingWrappedError
    for script in ("bin/detect", "bin/compile"):
        if not (classic / script).is_file():
            raise ScriptMissingError(script=script, problem="there is no such file in it")
        if not os.access(classic / script, os.X_OK):
            raise ScriptMissingError(script=script, problem="it may not be executed")
    return classic


def detect(context: DetectContext, classic: Path) -> Detected:
    """Run ``bin/detect BUILD_DIR``. It sees no config var.

    Raises:
        DetectCrashedError: it did not run, or was ended by a signal.
    """
    lines: list[str] = []
    command = Command(
        argv=(str(classic / "bin/detect"), str(context.app_dir)),
        environment=script_environment(context),
        working_dir=context.app_dir,
    )
    try:
        status = run_program(command, lines.append)
    except OSError as error:
        lines.append(str(error))
        status = _DID_NOT_RUN
    said = tuple(line for line in lines if line.strip())
    if status < 0 or status >= _DID_NOT_RUN:
        raise DetectCrashedError(status=status, last_lines=said[-_SHOWN_LINES:])
    return Detected(matches=status == 0, lines=said)


@contextmanager
def open_workbench(context: BuildContext, classic: Path, cache: Path) -> Iterator[Workbench]:
    """Lay out what ``bin/compile`` is given; all but the cache is gone when the block ends."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="classic-") as temporary:
        scratch = Path(temporary)
        pack = scratch / "buildpack"
        shutil.copytree(classic, pack, symlinks=True)
        env_dir = scratch / "env"
        write_env_dir(context, env_dir)
        yield Workbench(
            name=context.descriptor.name,
            pack=pack,
            cache=cache,
            env_dir=env_dir,
            scratch=scratch,
            environment=script_environment(context),
        )


def compile_app(context: BuildContext, bench: Workbench) -> None:
    """Run ``bin/compile BUILD_DIR CACHE_DIR ENV_DIR``.

    Raises:
        CompileFailedError: it failed.
    """
    try:
        context.run(bench.pack / "bin/compile", context.app_dir, bench.cache, bench.env_dir, env=bench.environment)
    except CommandFailedError as error:
        raise CompileFailedError(name=bench.name, status=error.status, last_lines=error.last_lines) from error


def release_text(context: BuildContext, bench: Workbench) -> str:
    """Run ``bin/release BUILD_DIR``, if there is one, and give what it prints to standard output.

    Raises:
        ReleaseFailedError: it failed.
    """
    release, output = bench.pack / "bin/release", bench.scratch / "release.yml"
    if not release.is_file():
        return ""
    try:
        # Whatever it prints to standard error is for the log.
        context.run("sh", "-c", '"$1" "$2" > "$3"', "release", release, context.app_dir, output, env=bench.environment)
    except CommandFailedError as error:
        raise ReleaseFailedError(name=bench.name, status=error.status, last_lines=error.last_lines) from error
    return output.read_text(encoding="utf-8", errors="replace")


def script_environment(context: DetectContext) -> dict[str, str]:
    """Give the environment of the scripts: Heroku's, with what earlier buildpacks of this build export."""
    known = {"HOME": str(context.app_dir), "STACK": stack(context)}
    if SOURCE_VERSION in context.user_env:
        known[SOURCE_VERSION] = context.user_env[SOURCE_VERSION]
    return {**context.env, **known}


def stack(context: DetectContext) -> str:
    """Give the name of the Heroku stack that classic buildpacks are told they build for."""
    return context.user_env.get(STACK_SETTING, "") or DEFAULT_STACK


def write_env_dir(context: DetectContext, directory: Path) -> None:
    """Write one file per config var, with its exact bytes, for this build's user only."""
    directory.mkdir(mode=0o700)
    for name, value in context.user_env.items():
        file = directory / name
        file.write_bytes(os.fsencode(value))
        file.chmod(0o600)
