"""The detect phase: finds the first group of buildpacks that wants the app, and settles their plan.

Facts: reference/cnb.md §b.5; spec: platform.md "detector" (buildpacks/spec@b745fcf). ``explore`` finds out, as data
that also explains; ``conclude`` tells the result and writes the files, or raises. Where specification and reference
differ: docs/decisions/0015-detection-follows-the-specification.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from lifecycle_py.ask import Inquiry
from lifecycle_py.catalog import open_catalog
from lifecycle_py.detection import Answer, Attempt, Detection, Reply
from lifecycle_py.errors import NothingDetectedError, Refusal
from lifecycle_py.inputs import Directories
from lifecycle_py.order import Candidates, Expansion, expand, with_system
from lifecycle_py.output import Reporter
from lifecycle_py.plan import Participant, settle
from lifecycle_py.run_buildpack import BuildpackRunner
from lifecycle_py.spec.api_versions import PLATFORM_API, ApiVersion, PlatformFeature, supports
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.group_toml import Group, GroupElement
from lifecycle_py.spec.order_toml import Order
from lifecycle_py.spec.plan_toml import Plan
from lifecycle_py.spec.system_toml import System
from lifecycle_py.spec.toml_file import write_toml


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectRules:
    """What besides the order decides: the operator's buildpacks, and the version of the Platform API."""

    system: System = field(default_factory=System)
    platform_api: ApiVersion = PLATFORM_API


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectFiles:
    """Where the results are written."""

    group: Path
    plan: Path

    @classmethod
    def usual(cls, directories: Directories) -> DetectFiles:
        """Give the usual places, in the layers directory."""
        layers = directories.layers.host
        return cls(group=layers / "group.toml", plan=layers / "plan.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Detected:
    """What detection settled. ``detection`` has everyone's answer, for explanations."""

    group: Group
    plan: Plan
    detection: Detection


def detect(order: Order, runner: BuildpackRunner, reporter: Reporter, rules: DetectRules | None = None) -> Detected:
    """Detect, and write ``group.toml`` and ``plan.toml`` into the layers directory.

    Raises:
        NothingDetectedError: no group passed; it holds every buildpack's own words.
        BuildpackMissingError, OrderCycleError: the order is wrong.
    """
    return conclude(explore(order, runner, rules or DetectRules()), DetectFiles.usual(runner.directories), reporter)


def explore(order: Order, runner: BuildpackRunner, rules: DetectRules) -> Detection:
    """Try the groups of an order up to the first that passes; none passing is a result, too.

    Raises:
        BuildpackMissingError, OrderCycleError: the order is wrong.
        UnsupportedApiError: a buildpack of a group speaks an API this lifecycle does not.
    """
    api = rules.platform_api
    with_environments = supports(api, PlatformFeature.EXECUTION_ENVIRONMENTS)
    expansion = Expansion(
        catalog=open_catalog(runner.directories), exec_env=runner.target.exec_env if with_environments else None
    )
    if not supports(api, PlatformFeature.EXTENSIONS):
        order = replace(order, extensions=())
    if supports(api, PlatformFeature.SYSTEM_BUILDPACKS):
        order = with_system(order, rules.system)
    inquiry = Inquiry(runner, check_targets=supports(api, PlatformFeature.TARGETS))
    attempts: list[Attempt] = []
    for candidates in expand(order, expansion):
        attempts.append(_try_group(candidates, inquiry))
        if attempts[-1].settled:
            break
    return Detection(attempts=tuple(attempts), answers=inquiry.answers())


def conclude(detection: Detection, files: DetectFiles, reporter: Reporter) -> Detected:
    """Write the group and the plan that were found, and tell who takes part.

    Raises:
        NothingDetectedError: no group passed.
    """
    settled = detection.settled
    if settled is None:
        raise _failure(detection)
    group = Group(
        buildpacks=tuple(_element(one) for one in settled.buildpacks if not one.extension),
        extensions=tuple(_element(one) for one in settled.buildpacks if one.extension),
    )
    write_toml(files.group, group.to_toml())
    write_toml(files.plan, settled.plan.to_toml())
    for answer in detection.answers:
        _tell(answer, settled.buildpacks, reporter)
    return Detected(group=group, plan=settled.plan, detection=detection)


def _try_group(candidates: Candidates, inquiry: Inquiry) -> Attempt:
    skipped = tuple(one for one in candidates if one.only_for)
    asked = [one for one in candidates if not one.only_for]
    answers = inquiry.ask([one.buildpack for one in asked])
    replies = tuple(Reply(candidate=candidate, answer=answer) for candidate, answer in zip(asked, answers, strict=True))
    if any(reply.refuses for reply in replies):
        return Attempt(replies=replies, skipped=skipped)
    participants = [
        Participant(buildpack=reply.answer.buildpack, plan=reply.answer.plan, optional=reply.candidate.optional)
        for reply in replies
        if reply.answer.passed
    ]
    return Attempt(replies=replies, skipped=skipped, resolution=settle(participants))


def _failure(detection: Detection) -> NothingDetectedError:
    errored = detection.errored
    refusals = tuple(
        Refusal(
            buildpack=str(answer.buildpack),
            verdict=answer.verdict,
            output=answer.output,
            errored=str(answer.buildpack) in errored,
        )
        for answer in detection.answers
    )
    failures = tuple(f"group {_names(attempt)}: {attempt.reason}" for attempt in detection.attempts)
    # Who refused explains everything when all did; otherwise the reason is in how the groups are made up.
    somebody_passed = any(answer.passed for answer in detection.answers)
    return NothingDetectedError(refusals=refusals, groups=failures if somebody_passed else ())


def _names(attempt: Attempt) -> str:
    return ", ".join(reply.answer.buildpack.id for reply in attempt.replies) or "(nobody)"


def _element(buildpack: Buildpack) -> GroupElement:
    return GroupElement(id=buildpack.id, version=buildpack.version, api=str(buildpack.api), homepage=buildpack.homepage)


def _tell(answer: Answer, group: tuple[Buildpack, ...], reporter: Reporter) -> None:
    chosen = answer.buildpack in group
    facts = {"buildpack": str(answer.buildpack), "passed": answer.passed, "chosen": chosen}
    if answer.errored:
        # Only an optional buildpack comes here: the group goes on without it, which must not go unnoticed.
        text = f"{answer.buildpack} {answer.verdict}; the build goes on without it\n{answer.output}"
        reporter.warning(text.rstrip(), **facts)
        return
    verdict = "not needed" if answer.passed and not chosen else answer.verdict
    reason = answer.output.splitlines()[0] if answer.output else ""
    reporter.step(f"{answer.buildpack} {verdict}{': ' + reason if reason else ''}", **facts)
