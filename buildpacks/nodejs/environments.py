"""The environments of a Node.js app: of the build's programs, and of the running app. Heroku's, with cgroup v2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from buildpacks.sdk import CGROUPS, BuildContext, Layer, LayerEnv, Scope, memory_script

# What Heroku keeps from a build, since it would lead compilers or git elsewhere.
_DENIED = frozenset(
    {"BUILD_DIR", "CPATH", "CPPATH", "GIT_DIR", "LANG", "LD_LIBRARY_PATH", "LD_PRELOAD", "LIBRARY_PATH", "PATH"}
)
_PLAIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def tool_environment(context: BuildContext, layers: Iterable[Layer], downloads: Path) -> dict[str, str]:
    """Give the environment for package managers and scripts: the user's config vars as Heroku filters them, and ours.

    Args:
        context: the build.
        layers: those with Node.js and the package managers.
        downloads: where package managers keep what they download.
    """
    environment = _without_denied(context.env, context.user_env)
    for layer in layers:
        environment = layer.apply_env(environment)
    modules = context.app_dir / "node_modules" / ".bin"
    ours = {
        "COREPACK_ENABLE_STRICT": "0",
        "PATH": f"{environment.get('PATH', _PLAIN_PATH)}:{modules}",
        "SOURCE_DATE_EPOCH": "315532801",
        "YARN_CACHE_FOLDER": str(downloads / "yarn"),
        "YARN_ENABLE_GLOBAL_CACHE": "false",
        "YARN_ENABLE_TELEMETRY": "0",
        "npm_config_cache": str(downloads / "npm"),
        "npm_config_fund": "false",
        "npm_config_logs_max": "0",  # nobody could read them after the build
        "npm_config_audit": "false",
        "npm_config_store_dir": str(downloads / "pnpm"),
        "npm_config_update_notifier": "false",
    }
    defaults = {
        "CI": "true",
        "NODE_ENV": "production",
        "NODE_OPTIONS": "--max_old_space_size=2560",
        "NODE_VERBOSE": "false",
        "NPM_CONFIG_LOGLEVEL": "error",
        "UV_USE_IO_URING": "0",
    }
    return {**defaults, **environment, **ours}


def launch_environment(app_dir: Path, node: LayerEnv) -> LayerEnv:
    """Give the variables of the running app and of later buildpacks; what the user sets wins. Pure.

    NODE_ENV is for the running app alone, as on Heroku: with it, the 'npm install' of a Rails app's tasks would remove
    the packages for development that compile its assets.
    """
    programs = f"{app_dir / 'bin'}:{app_dir / 'node_modules' / '.bin'}"
    return (
        node.default("NODE_ENV", "production", Scope.LAUNCH)
        .default("NODE_OPTIONS", "--max_old_space_size=2560", Scope.BUILD)
        .default("NPM_CONFIG_LOGLEVEL", "error", Scope.BUILD)
        .append("PATH", programs)
    )


def memory_program(cgroups: str = CGROUPS) -> str:
    """Give the program for ``exec.d``: MEMORY_AVAILABLE, WEB_MEMORY and WEB_CONCURRENCY from the container's memory.

    It is Heroku's rule: WEB_MEMORY is 512 MB, or 2048 above 16 GB; WEB_CONCURRENCY is how often that fits, at least 1,
    and 1 above 200. Memory is read from cgroup v2, too. Without a limit nothing is set, where Heroku's newer pack takes
    512 MB for it. Values the user sets are kept.
    """
    return _PROGRAM.replace("@MEMORY@", memory_script(cgroups))


def _without_denied(environment: Mapping[str, str], user_env: Mapping[str, str]) -> dict[str, str]:
    """Undo what the user set of the denied variables: platforms put the user's value in front, or in place."""
    result = dict(environment)
    for name in _DENIED & user_env.keys():
        value, users = result.get(name, ""), user_env[name]
        rest = value.removeprefix(f"{users}:") if value.startswith(f"{users}:") else ("" if value == users else value)
        result.pop(name, None)
        if rest:
            result[name] = rest
    return result


_PROGRAM = """\
#!/bin/sh
# Writes NAME = "value" lines for the launcher to descriptor 3 (CNB exec.d). Plain sh: the run image needs nothing else.
set -u

@MEMORY@[ -n "$mebibytes" ] || exit 0
printf 'MEMORY_AVAILABLE = "%s"\\n' "$mebibytes" >&3

share=${WEB_MEMORY:-}
case $share in
  '' | *[!0-9]* | 0*)
    share=512
    if [ "$mebibytes" -gt 16384 ]; then share=2048; fi
    printf 'WEB_MEMORY = "%s"\\n' "$share" >&3 ;;
esac
[ -z "${WEB_CONCURRENCY:-}" ] || exit 0

processes=$((mebibytes / share))
if [ "$processes" -lt 1 ]; then processes=1; fi
if [ "$processes" -gt 200 ]; then
  echo "Node.js buildpack: $mebibytes MB of memory cannot be right; WEB_CONCURRENCY is set to 1." >&2
  processes=1
fi
printf 'WEB_CONCURRENCY = "%s"\\nWEB_CONCURRENCY_SET_BY = "offramp/nodejs"\\n' "$processes" >&3
"""
