"""Where an image's programs listen: what its label ``dev.offramp.endpoints`` says, and a command changes. Pure.

The label holds what buildpacks found in source, so it is a hint, and an image may come from anywhere: an entry that
does not have its form is left out, and one of another version says nothing. Its form: docs/reference/labels.md.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LABEL = "dev.offramp.endpoints"
_VERSION = 1
# A port's name in Kubernetes (RFC 6335), and the protocols that the label knows.
_NAME = re.compile(r"(?=.{1,15}$)[a-z]([a-z0-9]|-(?!-))*(?<!-)")
_PROTOCOLS = frozenset({"http", "grpc", "tcp"})
_LAST_PORT = 65535
_PORT_VARIABLE = re.compile(r"\$(PORT|\{PORT\}|\{PORT:-\d+\})")
# What operators look at; no other process of the app calls it.
_FOR_OPERATORS = frozenset({"admin", "debug", "metrics"})


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundEndpoint:
    """An entry of the label. ``port`` is None when only a flag or a variable would say it."""

    name: str
    protocol: str
    source: str
    port: int | None = None
    flag: str = ""
    env: str = ""
    loopback: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Listening:
    """Where a process listens: ``port`` None means where PORT says. ``origin`` is where that is known from."""

    name: str
    protocol: str
    port: int | None
    origin: str

    @property
    def is_for_operators(self) -> bool:
        """Tell whether it is for metrics and the like, and not for callers."""
        return self.name.partition("-")[0] in _FOR_OPERATORS


def read_endpoints(labels: Mapping[str, str]) -> Mapping[str, tuple[FoundEndpoint, ...]]:
    """Read the label: program → its endpoints, callers' first."""
    try:
        document = json.loads(labels.get(LABEL, "{}"))
    except ValueError:
        return {}
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        return {}
    programs = document.get("programs")
    return {
        str(name): tuple(_endpoints(program.get("endpoints")))
        for name, program in (programs.items() if isinstance(programs, dict) else ())
        if isinstance(program, dict)
    }


def listening(command: str, programs: Mapping[str, Sequence[FoundEndpoint]]) -> tuple[Listening, ...]:
    """Give where the process of a command listens: as found, but for what its flags say. The main one is first."""
    words = _split(command)
    name = next((last for word in words if (last := word.rpartition("/")[2]) in programs), None)
    found: list[Listening] = []
    for endpoint in programs[name] if name is not None else ():
        one = _listening(endpoint, words)
        is_new = one is not None and all(one.name != other.name and one.port != other.port for other in found)
        if one is not None and is_new:
            found.append(one)
    # Requests arrive where PORT says, if anywhere; else at HTTP before gRPC before the rest.
    order = {"http": 1, "grpc": 2}
    return tuple(
        sorted(found, key=lambda one: (one.is_for_operators, 0 if one.port is None else order.get(one.protocol, 3)))
    )


def _listening(endpoint: FoundEndpoint, words: Sequence[str]) -> Listening | None:
    """Give where an endpoint is when its program is started with these words; None when that cannot be told."""
    given = _flag_value(endpoint.flag, words) if endpoint.flag else None
    if given is not None:
        port, is_reachable = _port_of(given)
        origin = f"command: -{endpoint.flag}={given}"
    else:
        port, is_reachable = endpoint.port, not endpoint.loopback
        origin = f"image label {LABEL}: {endpoint.source}"
        if endpoint.env == "PORT":
            port, is_reachable = None, True
        elif port is None:
            return None
    if not is_reachable:
        return None
    return Listening(name=endpoint.name, protocol=endpoint.protocol, port=port, origin=origin)


def _port_of(value: str) -> tuple[int | None, bool]:
    """Read a flag's value: its port (None: where PORT says), and whether others can reach it at all."""
    host, _, port = value.rpartition(":")
    if _PORT_VARIABLE.search(value):
        return None, True
    if not _is_port(port) or host in {"localhost", "127.0.0.1", "[::1]"}:
        return None, False
    return int(port), True


def _flag_value(flag: str, words: Sequence[str]) -> str | None:
    """Find a flag's value among words: ``-flag=value``, ``--flag=value``, or the word after it; the last one counts."""
    value = None
    for at, word in enumerate(words):
        if word in {f"-{flag}", f"--{flag}"} and at + 1 < len(words):
            value = words[at + 1]
        elif word.startswith((f"-{flag}=", f"--{flag}=")):
            value = word.partition("=")[2]
    return value


def _endpoints(entries: Any) -> Iterator[FoundEndpoint]:
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            continue
        name, protocol, port = entry.get("name"), entry.get("protocol"), entry.get("port")
        if not isinstance(name, str) or not _NAME.fullmatch(name) or protocol not in _PROTOCOLS:
            continue
        if port is not None and not (isinstance(port, int) and _is_port(str(port))):
            continue
        yield FoundEndpoint(
            name=name,
            protocol=str(protocol),
            source=str(entry.get("source", "")),
            port=port,
            flag=str(entry.get("flag", "")),
            env=str(entry.get("env", "")),
            loopback=entry.get("loopback") is True,
        )


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= _LAST_PORT


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()
