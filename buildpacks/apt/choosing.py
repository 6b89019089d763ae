"""From what the app asks for to packages that exist: patterns expanded, names that are provided resolved. Pure."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace

from buildpacks.apt.errors import SeveralProvidersError, Unknown, UnknownPackagesError, WideGlobError
from buildpacks.apt.wanted import PackageRequest

_WIDEST = 200
_MOST_SUGGESTIONS = 3
# Names are compared with those that begin alike: there are 70,000, a third of them libraries.
_SHARED, _SHARED_BY_LIBRARIES = 2, 5


def choose_packages(
    requests: tuple[PackageRequest, ...], known: AbstractSet[str], providers: Callable[[str], tuple[str, ...]]
) -> tuple[PackageRequest, ...]:
    """Give the requests with the names of packages there are, each once.

    Args:
        requests: what the app asks for.
        known: the names of all packages.
        providers: gives the packages that provide a name.

    Raises:
        UnknownPackagesError: nobody has them; all of them are told at once.
        SeveralProvidersError: a name stands for several packages.
        WideGlobError: a pattern stands for far too many.
    """
    chosen: dict[str, PackageRequest] = {}
    unknown: list[Unknown] = []
    for request in requests:
        names = tuple(_names(request, known, providers))
        if not names:
            unknown.append(Unknown(name=request.name, origin=request.origin, similar=similar(request.name, known)))
        for name in names:
            chosen.setdefault(name, replace(request, name=name))
    if unknown:
        raise UnknownPackagesError(packages=tuple(unknown))
    return tuple(chosen.values())


def similar(name: str, known: AbstractSet[str]) -> tuple[str, ...]:
    """Give names that are close: of another version, after Debian's 64-bit time transition, or misspelled."""
    import difflib

    stem = re.match(r"[a-z+-]*", name)
    version = re.compile(re.escape(stem[0] if stem else name) + r"-?\d[\d.-]*(t64)?")
    of_other_version = sorted(one for one in known if stem and stem[0] != name and version.fullmatch(one))
    beginning = name[: _SHARED_BY_LIBRARIES if name.startswith("lib") else _SHARED]
    close = difflib.get_close_matches(name, [one for one in known if one.startswith(beginning)], n=_MOST_SUGGESTIONS)
    renamed = [f"{name}t64"] if f"{name}t64" in known else []
    return tuple(dict.fromkeys([*renamed, *of_other_version, *close]))[:_MOST_SUGGESTIONS]


def _names(
    request: PackageRequest, known: AbstractSet[str], providers: Callable[[str], tuple[str, ...]]
) -> Iterator[str]:
    if request.is_glob:
        matching = sorted(fnmatch.filter(known, request.name))
        if len(matching) > _WIDEST:
            raise WideGlobError(pattern=request.name, origin=request.origin, count=len(matching))
        yield from matching
    elif request.name in known:
        yield request.name
    else:
        providing = providers(request.name)
        if len(providing) > 1:
            raise SeveralProvidersError(name=request.name, origin=request.origin, providers=providing)
        yield from providing
