"""What Bundler's words mean for the app: which of the known causes a failed installation has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from buildpacks.ruby.errors import (
    GemAccessError,
    GemChecksumError,
    GemNotFoundError,
    GemsNetworkError,
    GitGemError,
    InstallGemsError,
    LockOutdatedError,
    NativeExtensionError,
    RubyMismatchError,
)
from buildpacks.sdk import CommandFailedError

# The first that is found in the output counts, so what is most certain comes first.
_SIGNS: tuple[tuple[type[InstallGemsError], tuple[str, ...]], ...] = (
    (
        GemChecksumError,
        ("mismatched checksums?", "checksum .*did not match", "invalid checksum", "potential security issue"),
    ),
    (RubyMismatchError, ("but your Gemfile specified",)),
    (
        LockOutdatedError,
        (
            "(frozen|deployment) mode",
            "lockfile (can't|cannot) be updated",
            "frozen is set",
            "gemspecs? for path gems changed",
            "dependencies in your gemfile changed",
            "lockfile does not satisfy",
        ),
    ),
    (
        GemAccessError,
        (
            "Authentication is required for",
            "Bad username or password for",
            "Bad credentials",
            r"\b40[13] (Unauthorized|Forbidden)",
        ),
    ),
    (GitGemError, ("Git error:", "The git source .* is not yet checked out", "Host key verification failed")),
    (
        GemNotFoundError,
        (
            "Could not find (gem|compatible versions)",
            "Could not find .* in (any of the sources|rubygems repository|locally)",
            r"(?s:Your bundle is locked to .{1,200}?\sbut\s+that\s+version)",  # Bundler breaks its lines
        ),
    ),
    (
        GemsNetworkError,
        (
            "Could not reach host",
            "Network error while fetching",
            "Could not fetch specs",
            "Net::(Open|Read)Timeout",
            "Failed to open TCP connection",
            "SSL_connect",
        ),
    ),
)
_NATIVE = "Failed to build gem native extension"
_FAILED_GEM = re.compile(r"An error occurred while installing (?P<name>\S+) \((?P<version>[^)]+)\)")
_HEADER = re.compile(r"fatal error: (?P<header>[^\s:]+): No such file or directory")
_UNFOUND_HEADER = re.compile(
    r"(?:checking for|can't find|cannot find|missing) (?P<header>[\w./-]+\.h)\b.*?(?:no|missing)?$"
)
_END_OF_COMPILING = ("Gem files will remain", "Results logged to")


def install_error(error: CommandFailedError) -> InstallGemsError:
    """Give the error for a failed ``bundle install``."""
    text = "\n".join(error.lines)
    if _NATIVE in text:
        return _native_error(error.lines, text)
    for kind, patterns in _SIGNS:
        if any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns):
            return kind(last_lines=error.last_lines)
    return InstallGemsError(last_lines=error.last_lines)


def _native_error(lines: Sequence[str], text: str) -> NativeExtensionError:
    """Cut the compiler's words out of what Bundler prints around them."""
    begin = next(at for at, line in enumerate(lines) if _NATIVE in line)
    end = next((at for at, line in enumerate(lines) if at > begin and line.startswith(_END_OF_COMPILING)), len(lines))
    failed = _FAILED_GEM.search(text)
    header = _HEADER.search(text) or next(filter(None, map(_UNFOUND_HEADER.search, lines[begin:end])), None)
    return NativeExtensionError(
        last_lines=tuple(lines[begin + 1 : end][-20:]),
        gem=f"{failed['name']} {failed['version']}" if failed else "",
        header=header["header"] if header else "",
    )
