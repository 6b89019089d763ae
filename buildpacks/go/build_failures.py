"""What the ``go`` command's words mean for the app: which of the known causes a failed build has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from buildpacks.go.errors import (
    CompilerMissingError,
    GoBuildError,
    GoNetworkError,
    ModulesIncompleteError,
    ModuleSumMismatchError,
    PrivateModuleError,
    VendorOutdatedError,
)
from buildpacks.sdk import ExplainedError

# The first that is found in the output counts, so what is most certain comes first.
_SIGNS: tuple[tuple[str, type[GoBuildError]], ...] = (
    (r"SECURITY ERROR|checksum mismatch", ModuleSumMismatchError),
    (
        r"inconsistent vendoring|cannot find module providing package .*-mod=vendor|is explicitly required in go\.mod, but not marked",
        VendorOutdatedError,
    ),
    (
        r"could not read (Username|Password)|terminal prompts disabled|Authentication failed|Permission denied \(publickey\)",
        PrivateModuleError,
    ),
    (
        r"missing go\.sum entry|updates to go\.(mod|sum) needed|no required module provides package|go: updating go\.mod",
        ModulesIncompleteError,
    ),
    (r"C compiler .* not found|exec: .*(gcc|clang|pkg-config).*: executable file not found", CompilerMissingError),
    (r"dial tcp|i/o timeout|TLS handshake|no such host|connection refused|502 Bad Gateway|503 Service", GoNetworkError),
)


def explain_failure(lines: Sequence[str], version: str, otherwise: ExplainedError | None = None) -> ExplainedError:
    """Give the error for the last lines of a failed ``go`` command; ``otherwise`` when no known cause is in them."""
    text = "\n".join(lines)
    for pattern, error in _SIGNS:
        if re.search(pattern, text):
            return error(version=version, last_lines=tuple(lines))
    return otherwise or GoBuildError(version=version, last_lines=tuple(lines))
