"""The environment of the running app: Heroku's, as far as a virtual environment allows.

Heroku sets PYTHONHOME, since its Python moves from the build directory to /app. Ours does not move, and PYTHONHOME
would hide the virtual environment: it is left unset. PATH follows from the layers' directories.
"""

from __future__ import annotations

from pathlib import Path

from buildpacks.sdk import CGROUPS, Layer, LayerEnv, Scope, memory_script


def launch_environment(app_dir: Path, libraries: Path) -> LayerEnv:
    """Give the variables of the running app; what the user sets wins, as on Heroku, but for FORWARDED_ALLOW_IPS."""
    return (
        LayerEnv()
        # The first stands there already where the layer has a directory 'lib'; uv's Pythons have theirs elsewhere.
        .prepend("LD_LIBRARY_PATH", libraries, Scope.LAUNCH)
        .prepend("LIBRARY_PATH", libraries, Scope.LAUNCH)
        .default("LANG", "en_US.UTF-8", Scope.LAUNCH)
        .default("PYTHONPATH", app_dir, Scope.LAUNCH)
        .default("PYTHONUNBUFFERED", "true", Scope.LAUNCH)
        .default("GUNICORN_CMD_ARGS", "--access-logfile -", Scope.LAUNCH)
        .default("PIP_DISABLE_PIP_VERSION_CHECK", "1", Scope.LAUNCH)
        # The router in front of the app is the only one that can reach it, so its headers are trusted.
        .override("FORWARDED_ALLOW_IPS", "*", Scope.LAUNCH)
        # For the C extensions that later buildpacks or hooks compile.
        .default("PYTHONUNBUFFERED", "1", Scope.BUILD)
    )


def add_launch_environment(layer: Layer, app_dir: Path) -> None:
    """Add the variables, and the program that settles WEB_CONCURRENCY where the app runs."""
    libraries = (layer.path / "bin" / "python3").resolve().parents[1] / "lib"
    layer.env = launch_environment(app_dir, libraries)
    layer.add_exec_d("web-concurrency", web_concurrency_program())


def web_concurrency_program(cgroups: str = CGROUPS) -> str:
    """Give the program for ``exec.d``: DYNO_RAM and WEB_CONCURRENCY from the container's memory and processors.

    It is Heroku's rule, min(memory / 256 MB, 2 * processors + 1), with two repairs: memory is read from cgroup v2, too,
    and a container's share of the processors (``cpu.max``) counts instead of all of the machine's.
    Without a memory limit, processors alone decide. Values the user sets are kept.
    """
    return _PROGRAM.replace("@MEMORY@", memory_script(cgroups)).replace("@CGROUPS@", cgroups)


_PROGRAM = """\
#!/bin/sh
# Writes NAME = "value" lines for the launcher to descriptor 3 (CNB exec.d). Plain sh: the run image needs nothing else.
set -u

@MEMORY@
cores=$(nproc 2>/dev/null || echo 1)
quota=max period=100000
if [ -r @CGROUPS@/cpu.max ]; then
  read -r quota period < @CGROUPS@/cpu.max
elif [ -r @CGROUPS@/cpu/cpu.cfs_quota_us ]; then
  read -r quota < @CGROUPS@/cpu/cpu.cfs_quota_us
  read -r period < @CGROUPS@/cpu/cpu.cfs_period_us
fi
case $quota in
  '' | *[!0-9]*) ;;
  *) share=$(((quota + period - 1) / period))
     if [ "$share" -ge 1 ] && [ "$share" -lt "$cores" ]; then cores=$share; fi ;;
esac

say() {
  case ${DYNO:-} in web.*) echo "Python buildpack: $1" >&2 ;; esac
}

if [ -n "$mebibytes" ]; then
  echo "DYNO_RAM = \\"$mebibytes\\"" >&3
  say "Detected $mebibytes MB available memory and $cores CPU cores."
else
  say "Detected no memory limit and $cores CPU cores."
fi

if [ -n "${WEB_CONCURRENCY:-}" ]; then
  say "Skipping automatic configuration of WEB_CONCURRENCY, since it is already set."
  exit 0
fi

workers=$((cores * 2 + 1)) reason="number of CPU cores"
if [ -n "$mebibytes" ]; then
  fitting=$((mebibytes / 256))
  [ "$fitting" -ge 1 ] || fitting=1
  if [ "$fitting" -le "$workers" ]; then workers=$fitting reason="available memory"; fi
fi
say "Defaulting WEB_CONCURRENCY to $workers based on the $reason."
printf 'WEB_CONCURRENCY = "%s"\\nWEB_CONCURRENCY_SET_BY = "offramp/python"\\n' "$workers" >&3
"""
