"""How long does building an unchanged Django app again take, and is any buildpack's layer read?"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Finding, Settings, in_turns
from tests.support.offramp import installation

_APP = "python_django"


def measure(settings: Settings) -> Iterator[Finding]:
    """Build, then build again and again."""
    with installation() as offramp:
        offramp.build(_APP, "shop")
        timings = in_turns({"offramp build": lambda: offramp.build(_APP, "shop")}, settings.runs * 2)
        layers = [layer for layer in offramp.build(_APP, "shop")["layers"] if ": " in layer["name"]]
    read = [layer["name"] for layer in layers if layer["read"]]
    again = timings["offramp build"]
    yield Finding(
        question="unchanged rebuild of python_django", number=f"{again.median:.2f} s", aim="≤ 1.0 s", raw=timings
    )
    yield Finding(
        question="buildpack layers read by it",
        number=f"{len(read)} of {len(layers)}",
        aim="none",
        raw={layer["name"]: "read" if layer["read"] else "not read" for layer in layers},
    )
