"""What a format is: a plan in, texts of files and the commands that use them out. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from builder.kubernetes.kubernetes_version import KubernetesVersion
from builder.kubernetes.plan import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputFile:
    """A file to write. ``path`` is relative and has ``/`` between its parts."""

    path: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What to do next: commands, and for what."""

    purpose: str
    commands: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """A format. ``next_steps`` gets the directory as the user named it."""

    render: Callable[[Plan, KubernetesVersion], tuple[OutputFile, ...]]
    next_steps: Callable[[Plan, KubernetesVersion, str], tuple[Step, ...]]
