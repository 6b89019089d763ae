"""The rules that hold when nobody says otherwise: what Heroku does, each with the sentence that explains it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from builder.kubernetes.plan import Role, Size, WritablePath

T = TypeVar("T")

RELEASE = "release"
_WEB = "web"
# Heroku offers these for one-off dynos; it never keeps them running.
_TOOLS = frozenset({"console", "rake", "shell"})
_CLOCKS = frozenset({"beat", "celerybeat", "clock", "cron", "scheduler"})


@dataclass(frozen=True, slots=True)
class Sourced(Generic[T]):
    """A value and where it comes from, in the words a person reads in the plan."""

    value: T
    source: str


PORT = Sourced(8080, "default: a fixed port; the process learns it from PORT, as on Heroku")
ENDPOINT_NAME = Sourced("http", "default: a web process speaks HTTP, as on Heroku")
STARTUP = Sourced(60, "default: Heroku's router waits 60 s for a web process to listen (R10)")
DRAIN = Sourced(5, "default: time for the platform to stop sending requests before SIGTERM")
GRACE = Sourced(30, "default: Heroku sends SIGKILL 30 s after SIGTERM")
RELEASE_TIMEOUT = Sourced(3600, "default: Heroku stops a release after an hour")
CONFIG = Sourced("config", "default: one set of config vars for all processes, as on Heroku")
WRITABLE: Sourced[tuple[WritablePath, ...]] = Sourced(
    (WritablePath(path="/tmp", size=1024),),  # noqa: S108 - a path inside of the container
    "default: /tmp is every process's own",
)
# Memory above what Heroku calls 512 MB: it swaps there (R14), while Kubernetes kills at the limit.
SIZE = Sourced(
    Size(name="standard-1x", memory=512, memory_limit=768, cpu=250), "default: Heroku's standard-1x, with headroom"
)


def role_of(process_type: str, *, answers: bool = False) -> Sourced[Role]:
    """Tell a process's role by its type; a clock by the last word, as in ``celery-beat``.

    One that ``answers`` others, as its program was found to do, is a service.
    """
    if process_type == _WEB:
        return Sourced(Role.WEB, "default: the process type 'web' gets the requests, as on Heroku")
    word = re.split(r"[-_.]", process_type.lower())[-1]
    if word in _CLOCKS:
        return Sourced(Role.CLOCK, f"default: a process type that ends in '{word}' must not run twice at once")
    if answers:
        return Sourced(Role.SERVICE, "default: a process whose program listens for callers is a service")
    return Sourced(Role.WORKER, "default: any other process type is a worker")


def quantity_of(role: Role) -> Sourced[int]:
    """Give the quantity of Heroku's first formation."""
    if role is Role.WEB:
        return Sourced(1, "default: Heroku starts one web process")
    if role is Role.SERVICE:
        return Sourced(1, "default: one of each service, since other processes of the app call it")
    return Sourced(0, "default: Heroku starts no other process until it is scaled up")


def reason_to_skip(process_type: str, exec_env: tuple[str, ...]) -> str | None:
    """Say why a process is not kept running, or None when it is."""
    if exec_env and not {"production", "*"} & set(exec_env):
        return f"the image has it for {' and '.join(exec_env)}, not for production"
    if process_type in _TOOLS:
        return "a tool to start by hand, which Heroku never keeps running"
    return None
