"""The instructions of one Dockerfile, carried out one after the other over a root file system.

Facts: docs.docker.com "Dockerfile reference". What an instruction does to the configuration is in
``dockerfile.state``; here is what it does to files.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from lifecycle_py.dockerfile.copying import CopyPlan, archive_tar, copy_tar, plan_copy
from lifecycle_py.dockerfile.errors import DockerfileError, StepError
from lifecycle_py.dockerfile.instructions import Dockerfile, Instruction
from lifecycle_py.dockerfile.state import BuildState, configured, expanded
from lifecycle_py.dockerfile.words import expand_text
from lifecycle_py.errors import ExtendFailedError
from lifecycle_py.image_root import ImageRoot
from lifecycle_py.oci.chunk_reader import open_chunks
from lifecycle_py.oci.layer_tar import ROOT, Owner
from lifecycle_py.oci.model import ImageConfig
from lifecycle_py.session import Command
from lifecycle_py.spec.errors import ExplainedError
from lifecycle_py.users import find_user


@dataclass(frozen=True, kw_only=True, slots=True)
class StepContext:
    """What instructions work with: the Dockerfile, its context directory, the root file system, and who listens."""

    file: Dockerfile
    context: Path
    root: ImageRoot
    on_line: Callable[[str], None]
    on_command: Callable[[str], None]


def apply_steps(context: StepContext, config: ImageConfig, given: Mapping[str, str]) -> ImageConfig:
    """Carry out everything after FROM; give the configuration that comes of it.

    Raises:
        ExtendFailedError: an instruction failed; it names file and line.
    """
    state = BuildState(config=config, given=given)
    start = next(number for number, one in enumerate(context.file.instructions) if one.keyword == "FROM")
    for instruction in context.file.instructions[start + 1 :]:
        try:
            state = configured(state, context.file, instruction)
            if act := _ACTIONS.get(instruction.keyword):
                context.on_command(str(instruction))
                act(context, state, instruction)
        except (StepError, OSError, ExplainedError) as error:
            raise ExtendFailedError(
                place=f"{context.file.file}:{instruction.line}", instruction=str(instruction), problem=_why(error)
            ) from error
    return state.config


def _why(error: Exception) -> str:
    if isinstance(error, DockerfileError):
        return error.problem
    return str(error)


def _run(context: StepContext, state: BuildState, instruction: Instruction) -> None:
    user = find_user(state.config.user, context.root)
    environment = {"HOME": user.home, **state.run_environment()}
    status = context.root.run(
        Command(
            argv=_argv(state, instruction, context.file),
            env={name: os.fsencode(value) for name, value in environment.items()},
            working_dir=PurePosixPath(state.working_dir),
        ),
        user.owner,
        context.on_line,
    )
    if not status.ok:
        raise StepError(f"it ended with {status}; its own words are above")


def _argv(state: BuildState, instruction: Instruction, file: Dockerfile) -> tuple[str, ...]:
    if instruction.exec_form:
        return instruction.words
    if not instruction.heredocs:
        return (*state.shell, instruction.text)
    first = instruction.heredocs[0]
    if len(instruction.heredocs) == 1 and instruction.text.replace("-", "").strip("<\"' ") == first.name:
        if first.text.startswith("#!"):
            raise file.problem(instruction, "a here-document with an interpreter of its own: write RUN python3 <<EOF")
        return (*state.shell, first.text)
    # The shell reads them itself, as they stand.
    bodies = "".join(f"{one.text}{one.name}\n" for one in instruction.heredocs)
    return (*state.shell, f"{instruction.text}\n{bodies}")


def _copy(context: StepContext, state: BuildState, instruction: Instruction) -> None:
    def value(text: str) -> str:
        return text if instruction.exec_form else expanded(text, state, context.file, instruction)

    *sources, target = (value(word) for word in instruction.words)
    place = posixpath.normpath(posixpath.join(state.working_dir, target))
    place = place if place == "/" or not target.endswith(("/", "/.")) else f"{place}/"
    variables = state.variables()
    plan = plan_copy(
        context.context,
        [source for source in sources if not source.startswith("<<")],
        place,
        is_directory=lambda path: context.root.locate(path).is_dir(),
        unpack=instruction.keyword == "ADD",
        texts=[
            (one.name, expand_text(one.text, variables, context.file.escape) if one.expand else one.text)
            for one in instruction.heredocs
        ],
    )
    owner, mode = _ownership(context, state, instruction)
    _lay_down(context.root, replace(plan, owner=owner, mode=mode))


def _ownership(context: StepContext, state: BuildState, instruction: Instruction) -> tuple[Owner, int | None]:
    owner, mode = ROOT, None
    if chown := instruction.flags.get("chown"):
        owner = find_user(expanded(chown, state, context.file, instruction), context.root).owner
    if chmod := instruction.flags.get("chmod"):
        text = expanded(chmod, state, context.file, instruction)
        if not text or any(digit not in "01234567" for digit in text):
            raise context.file.problem(instruction, f"--chmod={text}: a mode is an octal number, such as 755")
        mode = int(text, 8) & 0o7777
    return owner, mode


def _lay_down(root: ImageRoot, plan: CopyPlan) -> None:
    root.apply(open_chunks(copy_tar(plan)))
    for archive, target in plan.archives:
        root.apply(open_chunks(archive_tar(archive, target)))


def _make_working_dir(context: StepContext, state: BuildState, instruction: Instruction) -> None:
    del instruction
    if not context.root.locate(state.working_dir).is_dir():
        context.root.apply(open_chunks(copy_tar(CopyPlan(directories=(state.working_dir,)))))


_ACTIONS: Mapping[str, Callable[[StepContext, BuildState, Instruction], None]] = {
    "RUN": _run,
    "COPY": _copy,
    "ADD": _copy,
    "WORKDIR": _make_working_dir,
}
