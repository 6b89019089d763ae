"""Python from uv: which releases it knows, and installing one, from a mirror where the user names one.

uv checks every download against the sha256 it carries. UV_PYTHON_INSTALL_MIRROR and UV_PYTHON_DOWNLOADS_JSON_URL are
uv's own settings and reach it unchanged; a ``file://`` mirror makes an offline build.
"""

from __future__ import annotations

from pathlib import Path

from buildpacks.python.environments import tool_environment
from buildpacks.python.errors import InstallPythonError
from buildpacks.python.layers.tools import install_tool, pinned_version
from buildpacks.python.python_version import VersionRequest, choose_version
from buildpacks.sdk import BuildContext, CommandFailedError, TomlTable, Version, VersionSyntaxError, parse_version

_STORE_KEY = "managed-python"
_INDEX_SETTING = "UV_PYTHON_DOWNLOADS_JSON_URL"
_LEFT_OUT = frozenset({"ensurepip", "idlelib", "test", "turtledemo"})
_UV_CACHE = "/tmp/offramp-uv"  # noqa: S108 - private to the build; by default it is in HOME, which is the app
_UVS_OWN = (".lock", ".temp", ".gitignore")


def choose_managed_version(context: BuildContext, request: VersionRequest) -> Version:
    """Choose the newest release that uv knows; remembered with the app, so that an unchanged build does not ask uv.

    Raises:
        UnknownVersionError: uv knows none.
    """
    asked = _question(context, request)
    memory = context.store.get(_STORE_KEY, {})
    if {name: memory.get(name) for name in asked} == asked:
        return parse_version(memory["version"])
    return choose_version(request, _known_versions(context))


def remember_version(context: BuildContext, request: VersionRequest, version: Version) -> TomlTable:
    """Give what ``choose_managed_version`` wants to find in the store next time."""
    return {_STORE_KEY: {**_question(context, request), "version": str(version)}}


def install_managed_python(context: BuildContext, version: Version, to: Path) -> None:
    """Install a release below ``to``, with links in ``to/bin``.

    Raises:
        InstallPythonError: uv failed, most often because the network has no way to the archive.
    """
    uv = install_tool(context, "uv") / "bin" / "uv"
    environment = tool_environment(context, UV_PYTHON_INSTALL_DIR=to, UV_CACHE_DIR=_UV_CACHE)
    try:
        context.run(uv, "python", "install", "--no-bin", "--no-progress", f"cpython-{version}", env=environment)
    except CommandFailedError as error:
        raise InstallPythonError(version=str(version), last_lines=error.last_lines) from error
    _tidy(to, version)


def _tidy(to: Path, version: Version) -> None:
    """Remove what differs between two installations or is of no use, and link the programs."""
    import shutil

    for name in _UVS_OWN:
        path = to / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    home = next(path for path in sorted(to.iterdir()) if path.is_dir() and not path.is_symlink())
    line = "python{}.{}".format(*version.numbers[:2])
    for name in _LEFT_OUT:
        shutil.rmtree(home / "lib" / line / name, ignore_errors=True)
    for cache in sorted(home.rglob("__pycache__")):
        shutil.rmtree(cache)
    (to / "bin").mkdir()
    for name in ("python", f"python{version.numbers[0]}", line):
        (to / "bin" / name).symlink_to(Path("..") / home.name / "bin" / line)


def _known_versions(context: BuildContext) -> list[Version]:
    import json

    uv = install_tool(context, "uv") / "bin" / "uv"
    lines = context.run(
        uv, "python", "list", "--all-versions", "--only-downloads", "--output-format", "json",
        env=tool_environment(context, UV_CACHE_DIR=_UV_CACHE), show=False,
    )  # fmt: skip
    releases = json.loads("\n".join(lines))
    wanted = ("cpython", "default")
    return [_parse(one["version"]) for one in releases if (one["implementation"], one["variant"]) == wanted]


def _parse(text: str) -> Version:
    try:
        return parse_version(text)
    except VersionSyntaxError:
        return Version((0,), "unknown")


def _question(context: BuildContext, request: VersionRequest) -> dict[str, str]:
    index = context.env.get(_INDEX_SETTING, "")
    return {"request": str(request.wanted or ""), "uv": pinned_version("uv"), "index": index}
