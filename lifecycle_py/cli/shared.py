"""What several phases as programs do alike, apart from their phase's own modules: those cost a start-up's time."""

from __future__ import annotations

from lifecycle_py.cli.invocation import Invocation
from lifecycle_py.spec.analyzed_toml import Analyzed
from lifecycle_py.spec.toml_file import read_toml_if_present


def read_analyzed(call: Invocation) -> Analyzed:
    """Read ``analyzed.toml``; before Platform API 0.10 the detector has none."""
    if not call.arguments.text("analyzed"):
        return Analyzed.from_toml(read_toml_if_present(call.arguments.path("layers") / "analyzed.toml"))
    return Analyzed.from_toml(read_toml_if_present(call.arguments.path("analyzed")))


def warn_of_launch_cache(call: Invocation) -> None:
    """Say that a launch cache is of no use without a daemon."""
    if call.arguments.text("launch-cache") and not call.arguments.boolean("daemon"):
        call.reporter.warning("Ignoring -launch-cache, only intended for use with -daemon")
