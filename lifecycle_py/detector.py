"""The detect phase: finds the first group of buildpacks that wants the app, and settles their plan.

Facts: reference/cnb.md §b.5; spec: platform.md "detector" (buildpacks/spec@b745fcf). Every buildpack of a group is
asked at once, and each is asked only once however many groups name it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lifecycle_py.errors import NothingDetectedError, ProgramNotStartedError, Refusal
from lifecycle_py.inputs import Directories
from lifecycle_py.order import Candidate, Candidates, Catalog, expand
from lifecycle_py.output import Reporter
from lifecycle_py.plan import Participant, SettledPlan, settle
from lifecycle_py.run_buildpack import BuildpackRunner
from lifecycle_py.spec.build_plan import BuildPlan
from lifecycle_py.spec.buildpack_toml import Buildpack, read_buildpack
from lifecycle_py.spec.errors import ExplainedError
from lifecycle_py.spec.group_toml import Group, GroupElement
from lifecycle_py.spec.order_toml import Order
from lifecycle_py.spec.plan_toml import Plan
from lifecycle_py.spec.toml_file import read_toml_if_present, write_toml

_PASS, _FAIL = 0, 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Detected:
    """What detection settled. ``asked`` has everyone's answer, for explanations."""

    group: Group
    plan: Plan
    asked: tuple[Answer, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A buildpack's answer: its exit code, what it printed, and its plan or what was wrong with it."""

    buildpack: Buildpack
    code: int
    output: str
    plan: BuildPlan = BuildPlan()  # noqa: RUF009 - immutable
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether the buildpack wants the app."""
        return self.code == _PASS and not self.problem

    @property
    def errored(self) -> bool:
        """Tell whether detection itself broke."""
        return bool(self.problem) or self.code not in {_PASS, _FAIL}

    @property
    def verdict(self) -> str:
        """Give the answer in a few words."""
        if self.problem:
            return f"broke: {self.problem}"
        return {_PASS: "passes", _FAIL: "does not apply"}.get(self.code, f"broke with exit code {self.code}")


def detect(order: Order, runner: BuildpackRunner, reporter: Reporter) -> Detected:
    """Detect, and write ``group.toml`` and ``plan.toml`` into the layers directory.

    Raises:
        NothingDetectedError: no group passed; it holds every buildpack's own words.
        BuildpackMissingError, OrderCycleError: the order is wrong.
    """
    directories = runner.directories
    detection = _Detection(runner)
    failures: list[str] = []
    for candidates in expand(order, read_catalog(directories)):
        outcome = detection.try_group(candidates)
        if isinstance(outcome, str):
            failures.append(f"group {', '.join(one.buildpack.id for one in candidates)}: {outcome}")
            continue
        group = Group(buildpacks=tuple(_element(buildpack) for buildpack in outcome.buildpacks))
        write_toml(directories.layers.host / "group.toml", group.to_toml())
        write_toml(directories.layers.host / "plan.toml", outcome.plan.to_toml())
        for answer in detection.answers():
            _tell(answer, group, reporter)
        return Detected(group=group, plan=outcome.plan, asked=detection.answers())
    somebody_passed = any(answer.passed for answer in detection.answers())
    raise NothingDetectedError(
        refusals=tuple(
            Refusal(
                buildpack=str(answer.buildpack), verdict=answer.verdict, output=answer.output, errored=answer.errored
            )
            for answer in detection.answers()
        ),
        # Who refused explains everything when all did; otherwise the reason is in how the groups are made up.
        groups=tuple(failures) if somebody_passed else (),
    )


def read_catalog(directories: Directories) -> Catalog:
    """Read the descriptors of all buildpacks in the buildpacks directory."""
    files = sorted(directories.buildpacks.host.glob("*/*/buildpack.toml"))
    buildpacks = [read_buildpack(file.parent) for file in files]
    return Catalog({(buildpack.id, buildpack.version): buildpack for buildpack in buildpacks})


class _Detection:
    """Answers so far; a buildpack is asked once."""

    def __init__(self, runner: BuildpackRunner) -> None:
        self._runner = runner
        self._answers: dict[str, Answer] = {}

    def answers(self) -> tuple[Answer, ...]:
        return tuple(self._answers.values())

    def try_group(self, candidates: Candidates) -> SettledPlan | str:
        """Give the group's settled plan, or why it fails."""
        self._ask([one.buildpack for one in candidates if str(one.buildpack) not in self._answers])
        answers = [(candidate, self._answers[str(candidate.buildpack)]) for candidate in candidates]
        refusing = [str(answer.buildpack) for candidate, answer in answers if self._refuses(candidate, answer)]
        if refusing:
            return f"{', '.join(refusing)} did not pass"
        return settle(
            [
                Participant(buildpack=answer.buildpack, plan=answer.plan, optional=candidate.optional)
                for candidate, answer in answers
                if answer.passed
            ]
        )

    @staticmethod
    def _refuses(candidate: Candidate, answer: Answer) -> bool:
        return not answer.passed and not candidate.optional

    def _ask(self, buildpacks: Sequence[Buildpack]) -> None:
        if not buildpacks:
            return
        pool = ThreadPoolExecutor(max_workers=len(buildpacks))
        try:
            for buildpack, answer in zip(buildpacks, pool.map(self._ask_one, buildpacks), strict=True):
                self._answers[str(buildpack)] = answer
        finally:
            # Not waiting: after Ctrl-C it is the end of the session that ends a hanging bin/detect.
            pool.shutdown(wait=False, cancel_futures=True)

    def _ask_one(self, buildpack: Buildpack) -> Answer:
        target = self._runner.target.target
        if buildpack.targets and not any(constraint.accepts(target) for constraint in buildpack.targets):
            accepted = ", ".join(str(constraint) for constraint in buildpack.targets)
            problem = f"it builds for {accepted}, not for {target.os}/{target.arch}"
            return Answer(buildpack=buildpack, code=_FAIL, output="", problem=problem)
        lines: list[str] = []
        scratch = self._runner.directories.scratch
        plan = scratch / f"plan-{buildpack.id.replace('/', '_')}-{buildpack.version}.toml"
        plan.host.unlink(missing_ok=True)  # one of an earlier build is not this buildpack's answer
        try:
            status = self._runner.detect(buildpack, plan, lines.append)
        except ProgramNotStartedError as error:
            return Answer(buildpack=buildpack, code=_FAIL, output="", problem=str(error))
        output = "\n".join(lines).strip()
        if status.code != _PASS:
            return Answer(buildpack=buildpack, code=status.code, output=output)
        try:
            build_plan = BuildPlan.from_toml(read_toml_if_present(plan.checked(scratch)))
        except ExplainedError as error:
            return Answer(buildpack=buildpack, code=status.code, output=output, problem=str(error))
        return Answer(buildpack=buildpack, code=status.code, output=output, plan=build_plan)


def _element(buildpack: Buildpack) -> GroupElement:
    return GroupElement(id=buildpack.id, version=buildpack.version, api=str(buildpack.api), homepage=buildpack.homepage)


def _tell(answer: Answer, group: Group, reporter: Reporter) -> None:
    chosen = any(element.id == answer.buildpack.id for element in group.buildpacks)
    facts = {"buildpack": str(answer.buildpack), "passed": answer.passed, "chosen": chosen}
    if answer.errored:
        # Only an optional buildpack comes here: the group goes on without it, which must not go unnoticed.
        text = f"{answer.buildpack} {answer.verdict}; the build goes on without it\n{answer.output}"
        reporter.warning(text.rstrip(), **facts)
        return
    verdict = "not needed" if answer.passed and not chosen else answer.verdict
    reason = answer.output.splitlines()[0] if answer.output else ""
    reporter.step(f"{answer.buildpack} {verdict}{': ' + reason if reason else ''}", **facts)
