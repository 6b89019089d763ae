"""The environment of the running app: Heroku's, as the gems are in ``vendor/bundle`` here, too; and BUNDLE_GEMFILE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from buildpacks.ruby.app_errors import NoJemallocError, NoYjitError
from buildpacks.ruby.environments import BUNDLE, WITHOUT, gem_directory
from buildpacks.ruby.family import Family
from buildpacks.ruby.gemfile_lock import GEMFILE
from buildpacks.sdk import CGROUPS, BuildContext, CommandFailedError, LayerEnv, Rules, Scope, memory_script

YJIT, JEMALLOC = "OFFRAMP_RUBY_YJIT", "OFFRAMP_RUBY_JEMALLOC"
_JEMALLOC = "libjemalloc.so.2"
_SYSTEM_LIBRARIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib")


def launch_environment(app_dir: Path, family: Family, abi: str, without: str, rules: Rules) -> LayerEnv:
    """Give the variables of the running app and of later buildpacks; what the user sets wins. Pure.

    Args:
        app_dir: the app directory, ``HOME`` on Heroku.
        family: the kind of app, which decides about the variables of Rack and Rails.
        abi: the version of Ruby that gems are compiled for.
        without: groups that were not installed.
        rules: the newer ones set the variables of Rails for any Ruby app.
    """
    always = rules is Rules.CNB
    gems = app_dir / gem_directory(abi)
    env = (
        LayerEnv()
        .default("BUNDLE_BIN", f"{BUNDLE}/bin")
        .default("BUNDLE_DEPLOYMENT", "1")
        # Programs in vendor/bundle/bin look for it beside themselves, and would follow the link out of the app.
        .default("BUNDLE_GEMFILE", app_dir / GEMFILE)
        .default("BUNDLE_PATH", BUNDLE)
        .default(WITHOUT, without)
        .override("DISABLE_SPRING", "1")
        .prepend("GEM_PATH", gems)
        .default("LANG", "en_US.UTF-8")
        .default("MALLOC_ARENA_MAX", "2", Scope.LAUNCH)
        .prepend("PATH", ":".join(map(str, (app_dir / "bin", app_dir / BUNDLE / "bin", gems / "bin"))))
        .default("PUMA_PERSISTENT_TIMEOUT", "95")
    )
    if always or family.is_rack:
        env = env.default("RACK_ENV", "production")
    if always or family.is_rails:
        env = env.default("RAILS_ENV", "production")
    if always or family.at_least(5):
        env = env.default("RAILS_LOG_TO_STDOUT", "enabled")
    if always or family.at_least(4, 2):
        env = env.default("RAILS_SERVE_STATIC_FILES", "enabled")
    return env


def with_settings(context: BuildContext, env: LayerEnv, environment: Mapping[str, str]) -> LayerEnv:
    """Add what the user asks for by setting: the compiler YJIT, the allocator jemalloc.

    Raises:
        NoYjitError: this Ruby was built without it.
        NoJemallocError: the library is not installed.
    """
    if _is_on(context, YJIT):
        try:
            context.run("ruby", "--yjit", "-e", "exit", env=environment, show=False)
        except CommandFailedError as error:
            raise NoYjitError(setting=YJIT) from error
        env = env.default("RUBY_YJIT_ENABLE", "1", Scope.LAUNCH)
    if _is_on(context, JEMALLOC):
        if not has_jemalloc(context.env.get("LD_LIBRARY_PATH", "")):
            raise NoJemallocError(setting=JEMALLOC, library=_JEMALLOC)
        env = env.default("LD_PRELOAD", _JEMALLOC, Scope.LAUNCH)
    return env


def has_jemalloc(library_path: str, system: Iterable[str] = _SYSTEM_LIBRARIES) -> bool:
    """Tell whether the library is in a directory of ``LD_LIBRARY_PATH``, such as an Aptfile's, or of the system."""
    return any(place and (Path(place) / _JEMALLOC).exists() for place in (*library_path.split(":"), *system))


def web_concurrency_program(cgroups: str = CGROUPS) -> str:
    """Give the program for ``exec.d`` that settles WEB_CONCURRENCY, if SENSIBLE_DEFAULTS is set.

    Heroku tells the size of a dyno from its limit of processes; here the container's memory tells the same sizes, as
    cgroup v2 or v1 has it: up to 512 MB 2 processes, up to 1 GB 4, up to 2.5 GB 8, above 16. Values the user sets are
    kept; without a limit nothing is set.
    """
    return _PROGRAM.replace("@MEMORY@", memory_script(cgroups))


def _is_on(context: BuildContext, setting: str) -> bool:
    return context.user_env.get(setting, "").strip().lower() in {"1", "true", "yes", "on", "enabled"}


_PROGRAM = """\
#!/bin/sh
# Writes NAME = "value" lines for the launcher to descriptor 3 (CNB exec.d). Plain sh: the run image needs nothing else.
set -u
[ -n "${SENSIBLE_DEFAULTS:-}" ] && [ -z "${WEB_CONCURRENCY:-}" ] || exit 0

@MEMORY@[ -n "$mebibytes" ] || exit 0

if [ "$mebibytes" -le 512 ]; then processes=2
elif [ "$mebibytes" -le 1024 ]; then processes=4
elif [ "$mebibytes" -le 2560 ]; then processes=8
else processes=16
fi
printf 'HEROKU_RAM_LIMIT_MB = "%s"\\nWEB_CONCURRENCY = "%s"\\n' "$mebibytes" "$processes" >&3
printf 'WEB_CONCURRENCY_SET_BY = "offramp/ruby"\\n' >&3
"""
