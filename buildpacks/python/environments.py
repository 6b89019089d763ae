"""The environment of the tools a build runs: what the user gave, without what would break the tools."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from buildpacks.sdk import BuildContext

# Settings of Python, pip and uv that move things to where this buildpack does not look for them. Heroku's classic build
# does not pass them either; its newer one fails. They are left out, and the log says so.
_OURS = frozenset(
    {
        "PIP_CACHE_DIR",
        "PIP_PREFIX",
        "PIP_PYTHON",
        "PIP_ROOT",
        "PIP_TARGET",
        "PIP_USER",
        "PYTHONHOME",
        "PYTHONINSPECT",
        "PYTHONNOUSERSITE",
        "PYTHONPATH",
        "PYTHONPLATLIBDIR",
        "PYTHONUSERBASE",
        "UV_CACHE_DIR",
        "UV_LINK_MODE",
        "UV_MANAGED_PYTHON",
        "UV_NO_CACHE",
        "UV_NO_MANAGED_PYTHON",
        "UV_PROJECT",
        "UV_PROJECT_ENVIRONMENT",
        "UV_PYTHON",
        "UV_PYTHON_DOWNLOADS",
        "UV_PYTHON_PREFERENCE",
        "VIRTUAL_ENV",
    }
)
# The first second of 1980 in UTC, plus one: what zip archives can hold, and what the lifecycle gives every file.
SOURCE_DATE_EPOCH = "315532801"


def tool_environment(context: BuildContext, **settings: str | Path) -> dict[str, str]:
    """Give the environment for pip and uv: the build's, without settings that would misplace things, plus ours."""
    kept = without_ours(context.env)
    ours = {
        # Debugging information names the directory a C extension is compiled in, which is another one each time.
        "CFLAGS": f"{kept.get('CFLAGS', '')} -g0".strip(),
        "CXXFLAGS": f"{kept.get('CXXFLAGS', '')} -g0".strip(),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
        "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH,
    }
    return kept | ours | {name: str(value) for name, value in settings.items()}


def without_ours(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out the settings the user may not make for a build."""
    return {name: value for name, value in environment.items() if name not in _OURS}


def ignored_settings(user_env: Mapping[str, str]) -> list[str]:
    """List the settings of the user that are left out. PYTHONPATH is for the app, and not worth a word."""
    return sorted((_OURS - {"PYTHONPATH"}) & set(user_env))
