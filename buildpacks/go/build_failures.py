"""What the ``go`` command's words mean for the app: which of the known causes a failed build has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from buildpacks.go.errors import (
    CompilerMissingError,
    GoBuildError,
    GoNetworkError,
    LibraryMissingError,
    ModulesIncompleteError,
    ModuleSumMismatchError,
    PrivateModuleError,
    VendorOutdatedError,
)
from buildpacks.sdk import ExplainedError

# The first that is found in the output counts, so what is most certain comes first.
_SIGNS: tuple[tuple[type[GoBuildError], tuple[str, ...]], ...] = (
    (ModuleSumMismatchError, ("SECURITY ERROR", "checksum mismatch")),
    (
        VendorOutdatedError,
        ("inconsistent vendoring", "providing package .*-mod=vendor", "is explicitly required in go.mod, but not"),
    ),
    (
        PrivateModuleError,
        (
            "could not read (Username|Password)",
            "terminal prompts disabled",
            "Authentication failed",
            r"Permission denied \(publickey",
            "404 Not Found",
            "410 Gone",
        ),
    ),
    (
        ModulesIncompleteError,
        (r"missing go\.sum entry", r"updates to go\.(mod|sum) needed", "no required module provides package"),
    ),
    (CompilerMissingError, ("C compiler .* not found", "exec: .*(gcc|clang|pkg-config).*: executable file not found")),
    (LibraryMissingError, ("fatal error: .*: No such file or directory", "not found in the pkg-config search path")),
    (
        GoNetworkError,
        ("dial tcp", "i/o timeout", "TLS handshake", "no such host", "connection refused", "50[234] [A-Z]"),
    ),
)


def explain_failure(lines: Sequence[str], version: str, otherwise: ExplainedError | None = None) -> ExplainedError:
    """Give the error for the last lines of a failed ``go`` command; ``otherwise`` when no known cause is in them."""
    text = "\n".join(lines)
    for error, patterns in _SIGNS:
        if any(re.search(pattern, text) for pattern in patterns):
            return error(version=version, last_lines=tuple(lines))
    return otherwise or GoBuildError(version=version, last_lines=tuple(lines))
