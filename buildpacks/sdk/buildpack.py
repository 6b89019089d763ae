"""What a buildpack is: a class with ``detect`` and ``build``, and the values the two give.

class Hello(Buildpack):
    name = "Hello"

    def detect(self, context: DetectContext) -> DetectResult:
        if not (context.app_dir / "hello.txt").exists():
            return Failed("no 'hello.txt' in the app's top level")
        return Passed()

    def build(self, context: BuildContext) -> BuildResult:
        context.output.step("Saying hello")
        return BuildResult(processes=(process("web", "cat", "hello.txt", default=True),))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from lifecycle_py.spec.build_plan import BuildPlan, PlanAlternative, Require

if TYPE_CHECKING:
    from buildpacks.sdk.context import BuildContext, DetectContext
    from lifecycle_py.spec.launch_toml import Label, Process, Slice
    from lifecycle_py.spec.toml_file import TomlTable


@dataclass(frozen=True, slots=True)
class Passed:
    """The buildpack takes part, with the dependencies it offers and asks for, and because of what it found."""

    plan: BuildPlan | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The buildpack does not take part. Each reason says what was looked for; users see them if nothing detects."""

    reasons: tuple[str, ...]

    def __init__(self, *reasons: str) -> None:
        """Give the reasons one after the other."""
        object.__setattr__(self, "reasons", reasons)


DetectResult: TypeAlias = Passed | Failed


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildResult:
    """What a build leaves beside its layers.

    ``unmet`` are plan entries for later buildpacks. ``store`` replaces what the buildpack remembers about the app;
    None keeps it. ``launch_sboms`` and ``build_sboms`` map a file extension, such as ``cdx.json``, to a document.
    """

    processes: tuple[Process, ...] = ()
    labels: tuple[Label, ...] = ()
    slices: tuple[Slice, ...] = ()
    unmet: tuple[str, ...] = ()
    store: TomlTable | None = None
    launch_sboms: Mapping[str, bytes] = field(default_factory=dict)
    build_sboms: Mapping[str, bytes] = field(default_factory=dict)


class Buildpack(ABC):
    """Base of every buildpack. It holds no state: all it knows comes in the context."""

    name: ClassVar[str]

    @abstractmethod
    def detect(self, context: DetectContext) -> DetectResult:
        """Decide whether the buildpack can do something for the app. Writes nothing."""

    @abstractmethod
    def build(self, context: BuildContext) -> BuildResult:
        """Fill layers and say what the app image runs."""


def plan(*, provides: tuple[str, ...] = (), requires: tuple[str | Require, ...] = ()) -> BuildPlan:
    """Make a build plan with one alternative; combine several with ``either``."""
    wanted = tuple(Require(name=one) if isinstance(one, str) else one for one in requires)
    return BuildPlan(alternatives=(PlanAlternative(provides=provides, requires=wanted),))


def either(*plans: BuildPlan) -> BuildPlan:
    """Make a build plan of alternatives, best first."""
    return BuildPlan(alternatives=tuple(alternative for one in plans for alternative in one.alternatives))


def process(
    process_type: str,
    program: str,
    *arguments: str,
    args: tuple[str, ...] = (),
    default: bool = False,
    working_dir: str = "",
) -> Process:
    """Make a process of the app image.

    Args:
        process_type: its name, such as ``web``.
        program: what is started; there is no process without one.
        arguments: those that are always kept.
        args: those that the user may replace.
        default: whether the image starts it when nothing else is asked for.
        working_dir: absolute; by default the app directory.
    """
    from lifecycle_py.spec.identifiers import parse_process_type
    from lifecycle_py.spec.launch_toml import Process

    return Process(
        type=parse_process_type(process_type),
        command=(program, *arguments),
        args=args,
        default=default,
        working_dir=working_dir,
    )
