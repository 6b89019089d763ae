"""Why detection came out as it did, for machines (docs/reference/machine-output.md). Pure."""

from __future__ import annotations

from typing import Any

from lifecycle_py.detection import Answer, Attempt, Detection, Reply
from lifecycle_py.order import Candidate
from lifecycle_py.plan import Choice, Trial
from lifecycle_py.spec.build_plan import PlanAlternative
from lifecycle_py.spec.buildpack_toml import Buildpack

Json = dict[str, Any]


def detection_document(detection: Detection) -> Json:
    """Give everything that was found out; values of requirements that JSON has no form for are texts."""
    settled = detection.settled
    return {
        "passed": settled is not None,
        "exitCode": 0 if settled else 21 if detection.errored else 20,
        "group": [_buildpack(one) for one in settled.buildpacks] if settled else [],
        "plan": settled.plan.to_toml()["entries"] if settled else [],
        "attempts": [_attempt(number, one) for number, one in enumerate(detection.attempts, start=1)],
    }


def _attempt(number: int, attempt: Attempt) -> Json:
    resolution = attempt.resolution
    return {
        "number": number,
        "passed": attempt.settled is not None,
        "reason": "" if attempt.settled else attempt.reason,
        "members": [_member(reply) for reply in attempt.replies],
        "skipped": [_skipped(candidate) for candidate in attempt.skipped],
        "tried": resolution.tried if resolution else 0,
        "trials": [_trial(trial) for trial in resolution.trials] if resolution else [],
    }


def _member(reply: Reply) -> Json:
    return {
        **_buildpack(reply.answer.buildpack),
        "optional": reply.candidate.optional,
        **_answer(reply.answer),
        "errored": reply.errored,
    }


def _answer(answer: Answer) -> Json:
    return {
        "passed": answer.passed,
        "exitCode": answer.code,
        "output": answer.output,
        "problem": answer.problem or answer.mismatch,
        "alternatives": [_alternative(one) for one in answer.plan.alternatives] if answer.passed else [],
    }


def _skipped(candidate: Candidate) -> Json:
    return {**_buildpack(candidate.buildpack), "execEnv": list(candidate.only_for)}


def _trial(trial: Trial) -> Json:
    return {
        "passed": trial.passed,
        "reason": trial.reason,
        "choices": [_choice(choice) for choice in trial.choices],
        "violations": [
            {
                **_buildpack(one.choice.buildpack),
                "rule": one.rule.value,
                "name": one.name,
                "dropped": one.choice.optional,
            }
            for one in trial.violations
        ],
    }


def _choice(choice: Choice) -> Json:
    return {**_buildpack(choice.buildpack), "alternative": choice.number, "of": choice.of}


def _alternative(alternative: PlanAlternative) -> Json:
    return {
        "provides": list(alternative.provides),
        "requires": [require.to_toml() for require in alternative.requires],
    }


def _buildpack(buildpack: Buildpack) -> Json:
    return {"id": buildpack.id, "version": buildpack.version, "extension": buildpack.extension}
