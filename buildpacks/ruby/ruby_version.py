"""Which Ruby an app asks for: its Gemfile.lock says so, or else its earlier builds, or else the default.

As on Heroku, nothing else is asked: ``.ruby-version`` and the Gemfile's own ``ruby`` line are for developers' tools,
and Bundler writes what the Gemfile says into the lock file. The default is the stack's own Ruby, whose security fixes
come with the stack and which needs no download.
"""

from __future__ import annotations

from dataclasses import dataclass

from buildpacks.ruby.errors import JRubyError, UnsupportedEngineError
from buildpacks.ruby.gemfile_lock import GEMFILE_LOCK, GemfileLock
from buildpacks.sdk import BuildContext, Rules, TomlTable, Version, VersionSyntaxError, parse_version

DEFAULT, STICKY = "the stack's default", "this app's earlier builds"
# Where the build image has no Ruby: the release that Heroku's packs choose for apps that name none.
_FALLBACK = Version((3, 3, 9))
_STORE_KEY = "ruby"
_NUMBERS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class RubyRequest:
    """The version an app is built with, and who says so."""

    version: Version
    origin: str


def request_ruby(context: BuildContext, lock: GemfileLock, stack: Version | None, rules: Rules) -> RubyRequest:
    """Find what the app asks for; without an answer it is told how to give one.

    Args:
        context: the build.
        lock: the app's lock file.
        stack: the build image's own Ruby, if it has one.
        rules: by classic's, an app that asks for nothing stays on the release line of its earlier builds.

    Raises:
        JRubyError, UnsupportedEngineError: the lock file names another Ruby than the usual one.
    """
    locked = lock.ruby
    if locked is not None and locked.engine:
        kind = JRubyError if locked.engine == "jruby" else UnsupportedEngineError
        raise kind(wanted=str(locked))
    if locked is not None:
        return RubyRequest(version=parse_version(locked.version), origin=GEMFILE_LOCK)
    remembered = _remembered(context) if rules is Rules.CLASSIC else None
    request = _default(stack, remembered)
    context.output.warning(
        f"{GEMFILE_LOCK} names no Ruby version, so the app is built with Ruby {request.version}, {request.origin}",
        f"Add the line: ruby \"{request.version}\" to the Gemfile, run 'bundle update --ruby', and commit both files.",
    )
    return request


def remember_ruby(version: Version) -> TomlTable:
    """Give what the next build has to know, so that an app that asks for nothing stays where it is."""
    return {_STORE_KEY: {"version": str(version)}}


def _default(stack: Version | None, remembered: Version | None) -> RubyRequest:
    """Stay on the release line of earlier builds, and take its security fixes from the stack. Pure."""
    if remembered is None:
        return RubyRequest(version=stack or _FALLBACK, origin=DEFAULT)
    if stack is not None and stack.numbers[:2] == remembered.numbers[:2]:
        return RubyRequest(version=stack, origin=STICKY)
    return RubyRequest(version=remembered, origin=STICKY)


def _remembered(context: BuildContext) -> Version | None:
    """Give the version of the app's earlier builds; a memory of another form is none."""
    memory = context.store.get(_STORE_KEY, {})
    text = memory.get("version") if isinstance(memory, dict) else None
    try:
        version = parse_version(text) if isinstance(text, str) else None
    except VersionSyntaxError:
        return None
    return version if version and len(version.numbers) == _NUMBERS else None
