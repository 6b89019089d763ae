"""What the app's files tell before anything is installed, that would hurt when it runs: Heroku's checks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from buildpacks.ruby.app_errors import PumaPersistentTimeoutError, VulnerableSprocketsError
from buildpacks.ruby.family import Family
from buildpacks.ruby.gemfile_lock import GemfileLock
from buildpacks.sdk import BuildContext, Version, read_text_if_present

TIMEOUT = "PUMA_PERSISTENT_TIMEOUT"
PRODUCTION = "config/environments/production.rb"
_COMPILES = re.compile(r"^[ \t]*(?P<setting>config\.assets\.compile)\s*=\s*true\b", re.MULTILINE)
_SENDS_FILES = re.compile(
    r"^[ \t]*config\.action_dispatch\.x_sendfile_header\s*=\s*[\"'](?P<header>[\w-]+)", re.MULTILINE
)
_STORES_LOCALLY = re.compile(r"^[ \t]*config\.active_storage\.service\s*=\s*[:\"']local\b", re.MULTILINE)
_BAD_PUMA, _MENDED_PUMA = Version((7, 0, 0)), Version((7, 0, 3))
_SAFE_SPROCKETS = {2: Version((2, 12, 5)), 3: Version((3, 7, 2)), 4: Version((4, 0, 0), "beta8")}
_RUBY_SHEBANG = re.compile(r"#!.*\bruby(?P<suffix>[\d.]+|\.exe)?\s*$")


def check_app(context: BuildContext, lock: GemfileLock, family: Family) -> None:
    """Warn of what will hurt, and stop at what would fail.

    Raises:
        PumaPersistentTimeoutError: a Puma that loses requests behind a router.
        VulnerableSprocketsError: a Sprockets that would serve any file.
    """
    _check_puma(context, lock)
    _check_sprockets(context.app_dir, lock)
    for what, advice in (*_gem_warnings(lock), *_file_warnings(context.app_dir, lock, family)):
        context.output.warning(what, advice)


def compiles_at_run_time(app_dir: Path) -> int:
    """Give the line of the production settings that compiles assets at run time; 0 when none does."""
    text = read_text_if_present(app_dir / PRODUCTION) or ""
    found = _COMPILES.search(text)
    return text.count("\n", 0, found.start("setting")) + 1 if found else 0


def _check_puma(context: BuildContext, lock: GemfileLock) -> None:
    version = lock.version("puma")
    if version is None or not version < _MENDED_PUMA:
        return
    if not version < _BAD_PUMA and TIMEOUT not in context.user_env:
        raise PumaPersistentTimeoutError(version=str(version))
    context.output.warning(
        f"Puma {version} closes idle connections that a router may still use",
        "Run 'bundle update puma': from 7.0.3 on it keeps them for PUMA_PERSISTENT_TIMEOUT seconds, which is 95 here.",
    )


def _check_sprockets(app_dir: Path, lock: GemfileLock) -> None:
    version, line = lock.version("sprockets"), compiles_at_run_time(app_dir)
    if version is None or not line:
        return
    safe = _SAFE_SPROCKETS.get(version.numbers[0])
    if version.numbers[0] < min(_SAFE_SPROCKETS) or (safe is not None and version < safe):
        raise VulnerableSprocketsError(version=str(version), file=PRODUCTION, line=line)


def _gem_warnings(lock: GemfileLock) -> Iterator[tuple[str, str]]:
    if lock.has("asset_sync"):
        yield (
            "The gem asset_sync uploads assets while they are compiled",
            "A build that fails then leaves assets of a version that never ran. Serve them from the app, behind a CDN.",
        )
    if lock.has("sqlite3") and not lock.has("pg", "mysql2", "trilogy"):
        yield (
            "SQLite is the app's only database, and what a container writes is lost when it ends",
            "Use PostgreSQL, or a volume that one process alone writes to.",
        )


def _file_warnings(app_dir: Path, lock: GemfileLock, family: Family) -> Iterator[tuple[str, str]]:
    if (app_dir / ".bundle" / "config").is_file():
        yield (
            "'.bundle/config' is in the app's source, and decides how gems are installed",
            "Remove it from version control: git rm --cached .bundle/config",
        )
    for name, suffix in _binstubs(app_dir):
        yield (
            f"'bin/{name}' asks for the program 'ruby{suffix}', which is not there",
            "Write it anew: 'bundle binstubs', or correct its first line to: #!/usr/bin/env ruby",
        )
    if family.is_rails:
        yield from _production_warnings(app_dir, lock)
    if not (app_dir / "Procfile").is_file() and (family.is_rack or family.is_rails):
        yield (
            "There is no Procfile, so the default web process is used",
            "Say what the app runs, in a file named Procfile: web: bundle exec puma -C config/puma.rb",
        )


def _production_warnings(app_dir: Path, lock: GemfileLock) -> Iterator[tuple[str, str]]:
    """Look at what the app's settings for production say; settings that are made elsewhere are not seen."""
    text = read_text_if_present(app_dir / PRODUCTION) or ""
    if _COMPILES.search(text):
        yield (
            f"{PRODUCTION} compiles assets at run time, which makes first requests slow",
            "Remove 'config.assets.compile = true': assets are compiled in the build.",
        )
    found = _SENDS_FILES.search(text)
    if found:
        yield (
            f"{PRODUCTION} leaves sending files to a server in front ({found['header']})",
            "There is none in the container: files would arrive empty. Remove 'x_sendfile_header'.",
        )
    if lock.has("activestorage") and _STORES_LOCALLY.search(text):
        yield (
            f"{PRODUCTION} keeps uploaded files in the app's own directory (Active Storage's service 'local')",
            "They are lost when the container ends. Use an object store, or a volume that all processes share.",
        )


def _binstubs(app_dir: Path) -> Iterator[tuple[str, str]]:
    """Find programs of the app that want a Ruby by a name of its own: each name, and what follows 'ruby' in it."""
    if not (app_dir / "bin").is_dir():
        return
    for file in sorted((app_dir / "bin").iterdir()):
        if file.is_file():
            with file.open("rb") as stream:
                first = stream.readline(200).decode(errors="replace")
            found = _RUBY_SHEBANG.match(first)
            if found and found["suffix"]:
                yield file.name, found["suffix"]
