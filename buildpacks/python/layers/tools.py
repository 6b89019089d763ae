"""The package managers themselves, pinned with their hashes, each in a layer that only later builds of the app see.

They are installed by the build image's own pip, so that a mirror, a proxy or a company's certificate that the user set
for pip works here, too. A build that has nothing to install does not need them, and only keeps what the cache holds.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from buildpacks.python.environments import tool_environment
from buildpacks.python.errors import InstallToolError
from buildpacks.sdk import BuildContext, CommandFailedError, LayerTypes, shown

_TYPES = LayerTypes(cache=True)
_PINS = Path(__file__).parents[1] / "tools"


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolKey:
    """What an installed tool depends on."""

    version: str = shown("version")
    target: str = shown("target")


def pinned_version(tool: str) -> str:
    """Read the version of ``pip`` or ``uv`` from its pin."""
    return (_PINS / f"{tool}.txt").read_text().split()[0].partition("==")[2]


def keep_tool(context: BuildContext, tool: str) -> Path | None:
    """Keep a tool of the cache for this build or the next, and give its directory if it is there."""
    layer = context.keep_layer(tool, _key(context, tool), types=_TYPES)
    return layer.path if layer else None


def install_tool(context: BuildContext, tool: str) -> Path:
    """Install ``pip`` or ``uv``, or find it in the cache, and give its directory.

    Raises:
        InstallToolError: the build image's pip failed; its words are kept.
    """
    kept = keep_tool(context, tool)
    if kept is not None:
        return kept
    key = _key(context, tool)
    layer = context.layer(tool, key, types=_TYPES)
    try:
        with context.output.timed(f"Installing {tool} {key.version}"):
            context.run(
                sys.executable, "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary=:all:",
                "--no-cache-dir", "--no-input", "--quiet", "--root-user-action=ignore",
                "--target", layer.path, "--requirement", _PINS / f"{tool}.txt",
                env=tool_environment(context),
            )  # fmt: skip
    except CommandFailedError as error:
        raise InstallToolError(tool=f"{tool} {key.version}", last_lines=error.last_lines) from error
    return layer.path


def _key(context: BuildContext, tool: str) -> ToolKey:
    return ToolKey(version=pinned_version(tool), target=f"{context.target.os}/{context.target.arch}")
