"""The user's variables for a build or a run: ``--env``, ``--env-file``, and the platform's ``env`` directory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from builder.errors import InvalidVariableError
from lifecycle_py.oci.layer_tar import Owner

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_variables(given: Iterable[str], files: Iterable[Path], environ: Mapping[str, str]) -> dict[str, str]:
    """Gather variables; files come first, so that what is on the command line wins.

    Args:
        given: ``NAME=value``, or ``NAME`` for the value the caller's shell has.
        files: lines of the same form; blank lines and lines that begin with ``#`` mean nothing.
        environ: the caller's environment.

    Raises:
        InvalidVariableError: a name is malformed, or has no value anywhere.
    """
    variables: dict[str, str] = {}
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidVariableError(text=str(file), place="--env-file", problem=str(error)) from error
        for number, line in enumerate(lines, start=1):
            if line.strip() and not line.lstrip().startswith("#"):
                variables |= _parse(line.lstrip(), f"{file}:{number}", environ)
    for text in given:
        variables |= _parse(text, "--env", environ)
    return variables


def _parse(text: str, place: str, environ: Mapping[str, str]) -> dict[str, str]:
    name, equals, value = text.partition("=")
    if not _NAME.fullmatch(name):
        raise InvalidVariableError(text=name, place=place, problem="a name is letters, digits and '_'")
    if equals:
        return {name: value}
    if name not in environ:
        raise InvalidVariableError(text=name, place=place, problem="it has no value, and this shell has none either")
    return {name: environ[name]}


def write_platform_env(platform: Path, variables: Mapping[str, str], owner: Owner | None) -> None:
    """Write one file per variable into ``<platform>/env``, readable for the build alone."""
    directory = platform / "env"
    directory.mkdir()
    for name, value in variables.items():
        file = directory / name
        file.write_bytes(os.fsencode(value))
        file.chmod(0o600)
        if owner is not None:
            os.chown(file, owner.uid, owner.gid)
    directory.chmod(0o700)
    if owner is not None:
        os.chown(directory, owner.uid, owner.gid)
