"""An endpoint: where a program listens, by which flag or variable, and where its source says so. And the label of them.

The label ``dev.offramp.endpoints`` is a contract with whoever translates the image: docs/reference/labels.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

LABEL = "dev.offramp.endpoints"
LABEL_VERSION = 1

_MARKS = frozenset({"addr", "address", "bind", "listen", "listener", "port"})
# What a word in a flag's name says an endpoint is for; the first that fits counts.
_PURPOSES = (
    ("debug", {"debug", "pprof"}),
    ("metrics", {"metric", "metrics", "prometheus", "telemetry"}),
    ("admin", {"admin", "health", "healthz"}),
    ("grpc", {"grpc", "rpc"}),
    ("thrift", {"thrift"}),
    ("https", {"https", "ssl", "tls"}),
    ("http", {"api", "http", "json", "jsonrpc", "rest", "web"}),
)
_NEUTRAL = frozenset({"endpoint", "host", "internal", "public", "server", "service", "tcp", "on"})
_KNOWN = _MARKS | _NEUTRAL | {word for _, words in _PURPOSES for word in words}
_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:]*\]|[\w.-]*):(?P<port>\d{1,5})")
_ANYWHERE = frozenset({"", "0.0.0.0", "[::]", "[::0]"})  # noqa: S104 - recognised, not bound
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LAST_PORT = 65535
_TCP_ONLY = frozenset({"thrift", "tcp"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a program listens.

    ``port`` is None when only a flag or a variable says so. ``takes`` tells what the flag wants: an address (``:8080``)
    or a port alone. ``loopback``: nobody outside of the container can reach it.
    """

    name: str
    source: str
    port: int | None = None
    flag: str = ""
    takes: str = "address"
    env: str = ""
    loopback: bool = False

    @property
    def protocol(self) -> str:
        """Give what is spoken there: ``http``, ``grpc`` or ``tcp``."""
        purpose = self.name.partition("-")[0]
        return "grpc" if purpose == "grpc" else "tcp" if purpose in _TCP_ONLY else "http"

    @property
    def follows_port(self) -> bool:
        """Tell whether the program reads the variable PORT for it."""
        return self.env == "PORT"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metrics:
    """Where Prometheus finds a program's metrics: the name of an endpoint, and a path."""

    endpoint: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramFindings:
    """What was found about a program."""

    endpoints: tuple[Endpoint, ...] = ()
    metrics: Metrics | None = None
    tracing: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()


def listening(
    name: str, text: str | None, *, is_port: bool, default_purpose: str
) -> tuple[str, int | None, bool] | None:
    """Tell whether a flag's name and default mean that the program listens: purpose, port, and whether on loopback.

    A name that is made of known words and has one such as ``addr`` does, unless the default names another machine. Any
    other name does when the default is an address without a host, as a client's never is. Pure.
    """
    words = set(_words(name))
    host, port = _host_and_port(text or "", is_port=is_port)
    is_named = words <= _KNOWN and bool(words & _MARKS)
    if not is_named and (port is None or host not in _ANYWHERE or is_port):
        return None
    if host not in _ANYWHERE | _LOOPBACK:
        return None
    purpose = next((purpose for purpose, fitting in _PURPOSES if words & fitting), default_purpose)
    return purpose, port, host in _LOOPBACK


def address(text: str | None) -> tuple[int | None, bool]:
    """Read the address a program listens on: its port, and whether it is on loopback."""
    host, port = _host_and_port(text or "", is_port=False)
    return port, host in _LOOPBACK


def to_label(programs: Mapping[str, ProgramFindings]) -> str:
    """Give the label's text; equal findings give equal bytes."""
    document = {
        "version": LABEL_VERSION,
        "programs": {name: _program(one) for name, one in sorted(programs.items())},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _program(found: ProgramFindings) -> dict[str, object]:
    table: dict[str, object] = {"endpoints": [_endpoint(one) for one in found.endpoints]}
    if found.metrics:
        table["metrics"] = {"endpoint": found.metrics.endpoint, "path": found.metrics.path}
    if found.tracing:
        table["tracing"] = list(found.tracing)
    if found.transports:
        table["transports"] = list(found.transports)
    return table


def _endpoint(one: Endpoint) -> dict[str, object]:
    table: dict[str, object] = {"name": one.name, "protocol": one.protocol, "source": one.source}
    if one.port is not None:
        table["port"] = one.port
    if one.flag:
        table |= {"flag": one.flag, "takes": one.takes}
    if one.env:
        table["env"] = one.env
    if one.loopback:
        table["loopback"] = True
    return table


def _words(name: str) -> list[str]:
    """Split ``http.addr``, ``grpc-listen_addr`` and ``httpAddr`` into words."""
    return (
        re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
        .replace(".", " ")
        .replace("-", " ")
        .replace("_", " ")
        .lower()
        .split()
    )


def _host_and_port(text: str, *, is_port: bool) -> tuple[str, int | None]:
    """Give host and port of an address, or of a number that is a port; ``?`` for a host that is something else."""
    text = text.strip()
    if not text or text == ":":
        return "", None
    if text.isdigit() and is_port:
        return "", _valid(text)
    found = _ADDRESS.fullmatch(text)
    return (found["host"], _valid(found["port"])) if found else ("?", None)


def _valid(digits: str) -> int | None:
    port = int(digits)
    return port if 0 < port <= _LAST_PORT else None
