"""The environment of the programs a build runs: the user's config vars as Heroku filters them, and Bundler's settings.

Bundler is set up as on Heroku: gems in ``vendor/bundle``, exactly those of the lock file, without the groups that
BUNDLE_WITHOUT names. What Bundler keeps of its own goes to a directory that the build forgets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from buildpacks.ruby.gem_sources import parse_bundle_config
from buildpacks.ruby.gemfile_lock import GEMFILE
from buildpacks.sdk import BuildContext, Layer, read_text_if_present

BUNDLE = "vendor/bundle"
WITHOUT = "BUNDLE_WITHOUT"
# What Heroku keeps from a build of Ruby, since it would lead Ruby or git elsewhere.
_DENIED = frozenset(
    {"GEM_HOME", "GEM_PATH", "GIT_DIR", "JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JRUBY_OPTS", "PATH", "RUBYLIB", "RUBYOPT"}
)
# Settings of Bundler that this build makes; the user's would misplace the gems, or install others than the locked ones.
_OURS = frozenset(
    {"BUNDLE_BIN", "BUNDLE_CONFIG", "BUNDLE_DEPLOYMENT", "BUNDLE_FROZEN", "BUNDLE_GEMFILE", "BUNDLE_PATH"}
)
_PLAIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def bundler_settings(context: BuildContext) -> dict[str, str]:
    """Give what the user sets for Bundler: the environment's settings win over those of ``.bundle/config``."""
    config = parse_bundle_config(read_text_if_present(context.app_dir / ".bundle" / "config") or "")
    return config | {name: value.strip() for name, value in context.user_env.items() if name.startswith("BUNDLE_")}


def without_groups(context: BuildContext) -> str:
    """Give the groups that are not installed, as Bundler wants them: separated by colons."""
    wanted = context.user_env.get(WITHOUT, "").strip()
    if not wanted:
        return "development:test"
    groups = ":".join(wanted.replace(":", " ").split())
    if groups != wanted:
        context.output.warning(
            f"{WITHOUT} has spaces, which Bundler reads as part of a name",
            f"This build uses '{groups}'. Separate the groups by colons.",
        )
    return groups


def gem_directory(abi: str) -> str:
    """Give where Bundler puts the gems, relative to the app directory."""
    return f"{BUNDLE}/ruby/{abi}"


def app_environment(context: BuildContext, layers: Iterable[Layer], abi: str, without: str) -> dict[str, str]:
    """Give the environment for Bundler and for programs of the app.

    Args:
        context: the build.
        layers: those with Ruby and Bundler.
        abi: the version of Ruby that gems are compiled for.
        without: groups that are not installed.
    """
    environment = _without_denied(context.env, context.user_env)
    for layer in layers:
        environment = layer.apply_env(environment)
    app, gems = context.app_dir, context.app_dir / gem_directory(abi)
    first = (app / "bin", app / BUNDLE / "bin", gems / "bin")
    scratch = Path("/tmp/offramp-bundler")  # noqa: S108 - the sandbox's own; forgotten after the build
    return environment | {
        "BUNDLE_APP_CONFIG": str(app / ".bundle"),
        "BUNDLE_BIN": f"{BUNDLE}/bin",
        "BUNDLE_DEPLOYMENT": "1",
        "BUNDLE_DISABLE_VERSION_CHECK": "true",
        "BUNDLE_GEMFILE": str(app / GEMFILE),
        "BUNDLE_PATH": BUNDLE,
        "BUNDLE_USER_HOME": str(scratch),
        WITHOUT: without,
        "GEM_PATH": ":".join(filter(None, (str(gems), environment.get("GEM_PATH", "")))),
        "GEM_SPEC_CACHE": str(scratch / "specs"),
        "NOKOGIRI_USE_SYSTEM_LIBRARIES": "true",
        "PATH": ":".join((*map(str, first), environment.get("PATH", _PLAIN_PATH))),
        "SOURCE_DATE_EPOCH": "315532801",
    }


def _without_denied(environment: Mapping[str, str], user_env: Mapping[str, str]) -> dict[str, str]:
    """Undo what the user set of the denied variables, and strip what Heroku strips: space around values."""
    result = dict(environment)
    for name, value in user_env.items():
        if name in _OURS or (name in _DENIED and result.get(name) == value):
            result.pop(name, None)
        elif name in _DENIED and result.get(name, "").startswith(f"{value}:"):
            result[name] = result[name].removeprefix(f"{value}:")
        elif result.get(name) == value:
            result[name] = value.strip()
    return result
