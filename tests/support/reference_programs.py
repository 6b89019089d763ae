"""The reference implementation's programs, for tests that set it and Offramp side by side. Made once per machine."""

from __future__ import annotations

import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = Path(__file__).parents[2] / "tools" / "reference-programs"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferencePrograms:
    """``phases`` holds lifecycle, launcher and a link for each phase; ``lifecycle_archive`` is what pack embeds."""

    pack: Path
    phases: Path
    lifecycle_archive: Path


@functools.cache
def reference_programs() -> ReferencePrograms:
    """Give the programs; the first call on a machine downloads and compiles them."""
    made = subprocess.run([_SCRIPT], stdout=subprocess.PIPE, text=True, check=True)
    directory = Path(made.stdout.strip())
    return ReferencePrograms(
        pack=directory / "pack", phases=directory / "lifecycle", lifecycle_archive=directory / "lifecycle.tgz"
    )
