"""The modules inside of programs, read from what Go writes into each: exactly those that were linked."""

from __future__ import annotations

from collections.abc import Iterable

from buildpacks.sdk import Component

_DEPENDENCY, _REPLACEMENT = "dep", "=>"


def go_components(lines: Iterable[str]) -> list[Component]:
    """Read the output of ``go version -m``: modules, what replaced them, and Go's own library."""
    found: list[Component] = []
    for line in lines:
        words = line.split()
        if not line.startswith("\t") and ": go" in line:
            version = line.rpartition(": go")[2].split()[0]
            found.append(Component(name="stdlib", version=version, purl=f"pkg:golang/stdlib@{version}"))
        elif len(words) > 2 and words[0] in {_DEPENDENCY, _REPLACEMENT}:  # noqa: PLR2004 - a module and its version
            if words[0] == _REPLACEMENT and found:
                found.pop()
            found.append(Component(name=words[1], version=words[2], purl=f"pkg:golang/{words[1]}@{words[2]}"))
        elif len(words) == 2 and words[0] == _REPLACEMENT and found:  # noqa: PLR2004 - by a directory of the app
            found.pop()
    return found
