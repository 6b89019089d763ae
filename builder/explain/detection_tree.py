"""Why detection came out as it did, for people: each group, who said what, and how every try of a plan went. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from builder.explain.tree import Node, draw
from lifecycle_py.detection import FAIL, PASS, Attempt, Detection, Reply
from lifecycle_py.order import Candidate
from lifecycle_py.plan import Choice, Resolution, Trial
from lifecycle_py.spec.build_plan import PlanAlternative, Require
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.plan_toml import Plan


def detection_lines(detection: Detection) -> Iterator[str]:
    """Give the whole explanation, best news first."""
    yield _headline(detection)
    told: set[str] = set()
    for number, attempt in enumerate(detection.attempts, start=1):
        yield ""
        yield from draw(_attempt_node(number, attempt, told))
        told |= {_key(reply.answer.buildpack) for reply in attempt.replies}
    if detection.settled and detection.settled.plan.entries:
        yield ""
        yield from draw(_plan_node(detection.settled.plan))


def _headline(detection: Detection) -> str:
    if detection.settled:
        return f"The app is built by {_names(detection.settled.buildpacks)}."
    if detection.errored:
        return f"No group of buildpacks passed, and {', '.join(sorted(detection.errored))} broke."
    return "No group of buildpacks passed: nobody builds this app."


def _attempt_node(number: int, attempt: Attempt, told: set[str]) -> Node:
    verdict = "passed" if attempt.settled else f"failed: {attempt.reason}"
    members = [_reply_node(reply, told) for reply in attempt.replies]
    members += [_skipped_node(candidate) for candidate in attempt.skipped]
    if attempt.resolution:
        members.append(_resolution_node(attempt.resolution))
    return Node(text=f"Group {number} {verdict}", children=tuple(members))


def _reply_node(reply: Reply, told: set[str]) -> Node:
    answer = reply.answer
    kind = "extension" if answer.buildpack.extension else "optional" if reply.candidate.optional else "required"
    code = f" (exit code {answer.code})" if answer.code in {PASS, FAIL} and not answer.problem else ""
    if _key(answer.buildpack) in told:
        return Node(text=f"{answer.buildpack}, {kind}, {answer.verdict}, as above")
    return Node(
        text=f"{answer.buildpack}, {kind}, {answer.verdict}{code}",
        details=tuple(answer.output.splitlines()),
        children=tuple(_alternative_nodes(answer.plan.alternatives)) if answer.passed else (),
    )


def _alternative_nodes(alternatives: Sequence[PlanAlternative]) -> Iterator[Node]:
    if len(alternatives) == 1:
        if alternatives[0] != PlanAlternative():
            yield Node(text=_alternative(alternatives[0]))
        return
    for number, alternative in enumerate(alternatives, start=1):
        yield Node(text=f"alternative {number}: {_alternative(alternative)}")


def _alternative(alternative: PlanAlternative) -> str:
    parts = []
    if alternative.provides:
        parts.append(f"provides {', '.join(alternative.provides)}")
    if alternative.requires:
        parts.append(f"requires {', '.join(map(_require, alternative.requires))}")
    return "; ".join(parts) or "provides and requires nothing"


def _require(require: Require) -> str:
    facts = ", ".join(f"{key} {value}" for key, value in sorted(require.metadata.items()))
    return f"{require.name} ({facts})" if facts else require.name


def _skipped_node(candidate: Candidate) -> Node:
    return Node(text=f"{candidate.buildpack} is left out: it is for {', '.join(candidate.only_for)} only")


def _resolution_node(resolution: Resolution) -> Node:
    if resolution.tried == 1:
        return _trial_node("the plan", resolution.trials[0])
    *earlier, last = resolution.trials
    nodes = [_trial_node(f"try {number}", trial) for number, trial in enumerate(earlier, start=1)]
    if left_out := resolution.tried - len(resolution.trials):
        nodes.append(Node(text=f"{left_out} more tries failed"))
    nodes.append(_trial_node(f"try {resolution.tried}", last))
    verdict = "holds" if resolution.settled else "does not hold"
    text = f"the plan {verdict}, after {resolution.tried} combinations of alternatives were tried"
    return Node(text=text, children=tuple(nodes))


def _trial_node(name: str, trial: Trial) -> Node:
    several = [choice for choice in trial.choices if choice.of > 1]
    chosen = f" ({', '.join(map(_choice, several))})" if several else ""
    dropped = [Node(text=f"left out, as it is optional: {one}") for one in trial.violations if one.choice.optional]
    verdict = "holds" if trial.passed else f"fails: {trial.reason}"
    return Node(text=f"{name} {verdict}{chosen}", children=tuple(dropped))


def _choice(choice: Choice) -> str:
    return f"alternative {choice.number} of {choice.buildpack.id}"


def _plan_node(plan: Plan) -> Node:
    return Node(
        text="Build plan",
        children=tuple(
            Node(
                text=f"{entry.requires[0].name}: from {', '.join(str(provider.id) for provider in entry.providers)}",
                details=tuple(_require(require) for require in entry.requires if require.metadata),
            )
            for entry in plan.entries
        ),
    )


def _names(buildpacks: Sequence[Buildpack]) -> str:
    return ", ".join(f"{one}{' (extension)' if one.extension else ''}" for one in buildpacks)


def _key(buildpack: Buildpack) -> str:
    return f"{buildpack.extension} {buildpack}"
