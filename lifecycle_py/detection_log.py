"""The log of detection as the phase program prints it, in the form people know from the reference. Pure.

Facts: reference/cnb.md §b.5 items 4 and 7. When a group passes, only errors and who takes part are shown; when none
does, or for debugging, everything is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lifecycle_py.detection import FAIL, PASS, Attempt, Detection, Reply
from lifecycle_py.plan import Resolution, Rule, Violation


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """A line; ``debug`` when it is of interest only while looking for a reason."""

    text: str
    debug: bool = True


def detection_log(detection: Detection, *, debug: bool = False) -> Iterator[str]:
    """Give the lines to print."""
    everything = debug or detection.settled is None
    for attempt in detection.attempts:
        yield from (line.text for line in _attempt_lines(attempt) if everything or not line.debug)


def _attempt_lines(attempt: Attempt) -> Iterator[LogLine]:
    for candidate in attempt.skipped:
        only_for = " ".join(candidate.only_for)
        yield LogLine(text=f"Skipping {candidate.buildpack}: it is for the execution environments [{only_for}]")
    for reply in attempt.replies:
        yield from _reply_lines(reply)
    yield LogLine(text="======== Results ========")
    yield from map(_result_line, attempt.replies)
    if attempt.resolution is None:
        return
    if any(reply.answer.passed and not reply.answer.buildpack.extension for reply in attempt.replies):
        yield from _trial_lines(attempt.resolution)
    else:
        yield LogLine(text="fail: no viable buildpacks in group")
    if attempt.settled:
        yield from _group_lines(attempt)


def _reply_lines(reply: Reply) -> Iterator[LogLine]:
    answer = reply.answer
    if answer.output:
        debug = answer.code in {PASS, FAIL} and not answer.problem
        yield LogLine(text=f"======== Output: {answer.buildpack} ========", debug=debug)
        yield LogLine(text=answer.output, debug=debug)
    problem = answer.problem or (answer.mismatch if not reply.candidate.optional else "")
    if problem:
        yield LogLine(text=f"======== Error: {answer.buildpack} ========", debug=False)
        yield LogLine(text=problem, debug=False)


def _result_line(reply: Reply) -> LogLine:
    answer = reply.answer
    if reply.errored:
        code = f" ({answer.code})" if answer.code not in {None, PASS, FAIL} else ""
        return LogLine(text=f"err:  {answer.buildpack}{code}", debug=False)
    word = "pass" if answer.passed else "skip" if reply.candidate.optional else "fail"
    return LogLine(text=f"{word}: {answer.buildpack}")


def _trial_lines(resolution: Resolution) -> Iterator[LogLine]:
    left_out = resolution.tried - len(resolution.trials)
    for number, trial in enumerate(resolution.trials, start=1):
        last = number == len(resolution.trials)
        if last and left_out:
            yield LogLine(text=f"({left_out} tries are not shown)")
        yield LogLine(text=f"Resolving plan... (try #{number + left_out if last else number})")
        yield from (LogLine(text=_violation_text(violation)) for violation in trial.violations)
        if not trial.passed and all(violation.choice.optional for violation in trial.violations):
            yield LogLine(text="fail: no viable buildpacks in group")


def _violation_text(violation: Violation) -> str:
    word = "skip" if violation.choice.optional else "fail"
    rule = "requires" if violation.rule is Rule.REQUIRES else "provides unused"
    return f"{word}: {violation.choice.buildpack} {rule} {violation.name}"


def _group_lines(attempt: Attempt) -> Iterator[LogLine]:
    group = attempt.settled.buildpacks if attempt.settled else ()
    if len(group) != len(attempt.replies):
        yield LogLine(text=f"{len(group)} of {len(attempt.replies)} buildpacks participating", debug=False)
    width = max(len(buildpack.id) for buildpack in group)
    for buildpack in group:
        yield LogLine(text=f"{buildpack.id:<{width}} {buildpack.version}", debug=False)
