"""The package managers themselves, pinned with their hashes, each in a layer that only later builds of the app see.

They are installed by the build image's own pip, so that a mirror, a proxy or a company's certificate that the user set
for pip works here, too. A build that has nothing to install does not need them, and only keeps what the cache holds.

pip and uv are directories of modules. Poetry needs many packages and starts programs of its own, so it gets a virtual
environment. Pipenv is another case: see ``pipenv.py`` beside this file.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from buildpacks.python.environments import tool_environment
from buildpacks.python.errors import InstallToolError
from buildpacks.sdk import (
    BuildContext,
    CommandFailedError,
    LayerTypes,
    changed,
    read_bytes_if_present,
    sha256_of,
    shown,
)

_TYPES = LayerTypes(cache=True)
_PINS = Path(__file__).parents[1] / "tools"
_IN_VENVS = frozenset({"poetry"})
_PIP_PROGRAMS = ("pip", "pip3")


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolKey:
    """What an installed tool depends on. ``interpreter`` is that of a tool with a virtual environment."""

    version: str = shown("version")
    pins: str = changed("what it is installed from")
    target: str = shown("target")
    interpreter: str = shown("interpreter")


def pinned_version(tool: str) -> str:
    """Read the version of a tool from its pin."""
    lines = pins_of(tool).read_text().splitlines()
    return next(line for line in lines if line.startswith(f"{tool}==")).split()[0].partition("==")[2]


def pins_of(tool: str) -> Path:
    """Give the file with a tool's pin, and those of all it needs, each with its hashes."""
    return _PINS / f"{tool}.txt"


def keep_tool(context: BuildContext, tool: str) -> Path | None:
    """Keep a tool of the cache for this build or the next, and give its directory if it is there."""
    layer = context.keep_layer(tool, _key(context, tool), types=_TYPES)
    return layer.path if layer else None


def install_tool(context: BuildContext, tool: str) -> Path:
    """Install ``pip``, ``uv`` or ``poetry``, or find it in the cache, and give its directory.

    Raises:
        InstallToolError: the build image's pip failed; its words are kept.
    """
    kept = keep_tool(context, tool)
    if kept is not None:
        return kept
    key = _key(context, tool)
    layer = context.layer(tool, key, types=_TYPES)
    with context.output.timed(f"Installing {tool} {key.version}"):
        if tool in _IN_VENVS:
            context.run(sys.executable, "-m", "venv", "--without-pip", layer.path, env=tool_environment(context))
            install_pins(context, tool, "--python", layer.path / "bin" / "python")
        else:
            install_pins(context, tool, "--target", layer.path)
    return layer.path


def install_pins(context: BuildContext, tool: str, where: str, place: Path, *options: str) -> None:
    """Install what a tool's file pins with the build image's pip.

    Args:
        context: the build.
        tool: the tool.
        where: pip's option for the place: ``--target`` a directory, or ``--python`` of a virtual environment.
        place: the place.
        options: more options for ``pip install``.

    Raises:
        InstallToolError: pip failed; its words are kept.
    """
    in_front = (where, place) if where == "--python" else ()
    behind = (where, place) if where == "--target" else ()
    try:
        context.run(
            sys.executable, "-m", "pip", *in_front, "install", "--require-hashes", "--no-deps", "--only-binary=:all:",
            "--no-cache-dir", "--no-input", "--quiet", "--root-user-action=ignore", *behind, *options,
            "--requirement", pins_of(tool),
            env=tool_environment(context),
        )  # fmt: skip
    except CommandFailedError as error:
        raise InstallToolError(tool=f"{tool} {pinned_version(tool)}", last_lines=error.last_lines) from error


def add_pip_programs(pip: Path) -> Path:
    """Add programs named ``pip`` that work for the first Python on PATH, for hooks, and give their directory."""
    programs = pip / "programs"
    programs.mkdir(exist_ok=True)
    for name in _PIP_PROGRAMS:
        program = programs / name
        if program.exists():  # it was restored: an unchanged layer stays untouched on disk
            continue
        program.write_text(f'#!/bin/sh\nexec python {pip}/pip "$@"\n')
        program.chmod(0o755)
    return programs


def _key(context: BuildContext, tool: str) -> ToolKey:
    return ToolKey(
        version=pinned_version(tool),
        pins=sha256_of(read_bytes_if_present(pins_of(tool)) or b""),
        target=f"{context.target.os}/{context.target.arch}",
        interpreter=f"{sys.version_info.major}.{sys.version_info.minor}" if tool in _IN_VENVS else "",
    )
