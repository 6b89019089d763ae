"""The environment of the programs a build runs: of the tools, and of the app's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from buildpacks.sdk import BuildContext, Layer

# Settings that move things to where this buildpack does not look for them. Heroku's classic build does not pass them
# either; its newer one fails. By classic's rules they are left out, and the log says so.
_OURS = frozenset(
    {
        "PIPENV_CACHE_DIR",
        "PIPENV_IGNORE_VIRTUALENVS",
        "PIPENV_PYTHON",
        "PIPENV_VENV_IN_PROJECT",
        "PIP_CACHE_DIR",
        "PIP_PREFIX",
        "PIP_PYTHON",
        "PIP_ROOT",
        "PIP_TARGET",
        "PIP_USER",
        "POETRY_CACHE_DIR",
        "POETRY_CONFIG_DIR",
        "POETRY_DATA_DIR",
        "POETRY_HOME",
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
_OURS_PREFIX = "POETRY_VIRTUALENVS_"
# What Heroku's classic build keeps from the app's own programs, since it would break the build image's programs.
_DENIED = ("PATH", "CPATH", "CPPATH", "LD_PRELOAD", "LIBRARY_PATH", "LD_LIBRARY_PATH", "PYTHONHOME")
_PLAIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The first second of 1980 in UTC, plus one: what zip archives can hold, and what the lifecycle gives every file.
SOURCE_DATE_EPOCH = "315532801"


def tool_environment(context: BuildContext, **settings: str | Path) -> dict[str, str]:
    """Give the environment for package managers: the build's, without settings that misplace things, plus ours."""
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


def app_environment(
    context: BuildContext, layers: Iterable[Layer] = (), programs: Path | None = None
) -> dict[str, str]:
    """Give the environment for programs of the app, such as hooks: its config vars, as Heroku filters them.

    Nothing they run may leave what differs between two builds: Python writes no bytecode, and pip compiles none.

    Args:
        context: the build.
        layers: those the programs see.
        programs: a directory of programs that come after those of the layers, before those of the build image.
    """
    environment = without_ours(_without_denied(context.env, context.user_env))
    if programs is not None:
        environment["PATH"] = f"{programs}:{environment.get('PATH', _PLAIN_PATH)}"
    for layer in layers:
        environment = layer.apply_env(environment)
    if "PYTHONPATH" in context.user_env:
        environment["PYTHONPATH"] = context.user_env["PYTHONPATH"]
    return environment | {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_COMPILE": "0",  # pip reads the value as that of its option 'compile': this is what turns it off
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def without_ours(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out the settings the user may not make for a build."""
    return {name: value for name, value in environment.items() if not _is_ours(name)}


def ignored_settings(user_env: Mapping[str, str]) -> list[str]:
    """List the settings of the user that are left out. PYTHONPATH is for the app, and not worth a word."""
    return sorted(name for name in user_env if _is_ours(name) and name != "PYTHONPATH")


def _is_ours(name: str) -> bool:
    return name in _OURS or name.startswith(_OURS_PREFIX)


def _without_denied(environment: Mapping[str, str], user_env: Mapping[str, str]) -> dict[str, str]:
    """Undo what the user did to the denied variables: platforms put the user's value in front, or in place."""
    result = dict(environment)
    for name in _DENIED:
        ours, users = result.get(name, ""), user_env.get(name)
        if users is None:
            continue
        rest = ours.removeprefix(f"{users}:") if ours.startswith(f"{users}:") else ("" if ours == users else ours)
        result[name] = rest or (_PLAIN_PATH if name == "PATH" else "")
        if not result[name]:
            del result[name]
    return result
