"""What a package manager's words mean for the app: which of the known causes a failed installation has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from buildpacks.nodejs.errors import (
    InstallPackagesError,
    LockOutdatedError,
    NativeAddonError,
    PackageIntegrityError,
    PackageNotFoundError,
    RegistryAccessError,
    RegistryUnreachableError,
)
from buildpacks.sdk import CommandFailedError

# The first that is found in the output counts, so what is most certain comes first.
_SIGNS: tuple[tuple[type[InstallPackagesError], tuple[str, ...]], ...] = (
    (PackageIntegrityError, ("EINTEGRITY", "Integrity check failed", "ERR_PNPM_TARBALL_INTEGRITY", "YN0018")),
    (
        LockOutdatedError,
        (
            "can only install packages when your package.json and package-lock.json",
            "lockfile needs to be updated",
            "ERR_PNPM_OUTDATED_LOCKFILE",
            "ERR_PNPM_LOCKFILE_CONFIG_MISMATCH",
            "YN0028",
        ),
    ),
    (
        RegistryAccessError,
        ("E401", "E403", r"\b401 Unauthorized", r"\b403 Forbidden", "ERR_PNPM_FETCH_40[13]", "YN0041"),
    ),
    (
        PackageNotFoundError,
        ("E404", "ETARGET", "Couldn't find package", "ERR_PNPM_FETCH_404", "ERR_PNPM_NO_MATCHING_VERSION"),
    ),
    (NativeAddonError, ("node-gyp", "gyp ERR!", "fatal error: .*: No such file or directory")),
    (
        RegistryUnreachableError,
        ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET", "UNABLE_TO_GET_ISSUER_CERT", "network"),
    ),
)
_USAGE = ("Clean install a project", "Install a package", "Usage:")
_EMPTY = ("", "npm error", "npm ERR!")
_SHOWN = 20


def install_error(error: CommandFailedError) -> InstallPackagesError:
    """Give the error for a failed installation."""
    text = "\n".join(error.lines)
    command, lines = " ".join(error.argv), without_usage(error.lines)
    for kind, patterns in _SIGNS:
        if any(re.search(pattern, text) for pattern in patterns):
            return kind(command=command, last_lines=lines)
    return InstallPackagesError(command=command, last_lines=lines)


def without_usage(lines: Sequence[str]) -> tuple[str, ...]:
    """Give the last lines that mean something: npm ends with how it is used, and puts empty lines between. Pure."""
    end = next((at for at, line in enumerate(lines) if line.endswith(_USAGE)), len(lines))
    return tuple(line for line in lines[:end] if line.strip() not in _EMPTY)[-_SHOWN:]
