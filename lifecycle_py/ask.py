"""Asking buildpacks and extensions whether they want the app: once each, those of a group all at once.

Facts: reference/cnb.md §b.5 items 3, 4 and 7; spec: buildpack.md "Detection", "Targets", image_extension.md
"Detection" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lifecycle_py.detection import PASS, Answer
from lifecycle_py.errors import ProgramNotStartedError
from lifecycle_py.run_buildpack import BuildpackRunner
from lifecycle_py.session import Place
from lifecycle_py.spec.build_plan import BuildPlan
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.errors import ExplainedError
from lifecycle_py.spec.identifiers import directory_name
from lifecycle_py.spec.toml_file import read_toml_if_present


class Inquiry:
    """The answers so far. ``check_targets`` is off for platforms older than targets."""

    def __init__(self, runner: BuildpackRunner, *, check_targets: bool) -> None:
        """Nobody is asked yet."""
        self._runner = runner
        self._check_targets = check_targets
        self._answers: dict[tuple[bool, str], Answer] = {}

    def answers(self) -> tuple[Answer, ...]:
        """Give everyone's answer, in the order they were asked."""
        return tuple(self._answers.values())

    def ask(self, buildpacks: Sequence[Buildpack]) -> tuple[Answer, ...]:
        """Give the answers of these; who has answered already is not asked again."""
        new = [buildpack for buildpack in buildpacks if _key(buildpack) not in self._answers]
        if new:
            pool = ThreadPoolExecutor(max_workers=len(new))
            try:
                for buildpack, answer in zip(new, pool.map(self._ask_one, new), strict=True):
                    self._answers[_key(buildpack)] = answer
            finally:
                # Not waiting: after Ctrl-C it is the end of the session that ends a hanging bin/detect.
                pool.shutdown(wait=False, cancel_futures=True)
        return tuple(self._answers[_key(buildpack)] for buildpack in buildpacks)

    def _ask_one(self, buildpack: Buildpack) -> Answer:
        if self._check_targets and (mismatch := self._mismatch(buildpack)):
            return Answer(buildpack=buildpack, code=None, mismatch=mismatch)
        home = self._runner.home(buildpack)
        if buildpack.extension and not os.path.lexists(home.host / "bin" / "detect"):
            # The extension is its own output: a plan made beforehand, or none.
            return _read_answer(buildpack, "", home / "detect" / "plan.toml", home)
        return self._run(buildpack)

    def _run(self, buildpack: Buildpack) -> Answer:
        lines: list[str] = []
        scratch = self._runner.directories.scratch
        kind = "extension-" if buildpack.extension else ""
        plan = scratch / f"plan-{kind}{directory_name(buildpack.id)}-{buildpack.version}.toml"
        plan.host.unlink(missing_ok=True)  # one of an earlier build is not this buildpack's answer
        try:
            status = self._runner.detect(buildpack, plan, lines.append)
        except ProgramNotStartedError as error:
            return Answer(buildpack=buildpack, code=None, problem=str(error))
        output = "\n".join(lines).strip()
        if status.code != PASS:
            return Answer(buildpack=buildpack, code=status.code, output=output)
        return _read_answer(buildpack, output, plan, scratch)

    def _mismatch(self, buildpack: Buildpack) -> str:
        target = self._runner.target.target
        if not buildpack.targets or any(constraint.accepts(target) for constraint in buildpack.targets):
            return ""
        accepted = ", ".join(str(constraint) for constraint in buildpack.targets)
        distro = f" ({target.distro.name} {target.distro.version})" if target.distro else ""
        variant = f"/{target.variant}" if target.variant else ""
        return f"it builds for {accepted}, not for {target.os}/{target.arch}{variant}{distro}"


def _read_answer(buildpack: Buildpack, output: str, plan: Place, root: Place) -> Answer:
    try:
        build_plan = BuildPlan.from_toml(read_toml_if_present(plan.checked(root)))
    except ExplainedError as error:
        return Answer(buildpack=buildpack, code=PASS, output=output, problem=str(error))
    if buildpack.extension and any(alternative.requires for alternative in build_plan.alternatives):
        problem = "its plan has 'requires', but an extension may only provide"
        return Answer(buildpack=buildpack, code=PASS, output=output, problem=problem)
    return Answer(buildpack=buildpack, code=PASS, output=output, plan=build_plan)


def _key(buildpack: Buildpack) -> tuple[bool, str]:
    return buildpack.extension, str(buildpack)
