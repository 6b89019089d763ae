"""The instructions of a Dockerfile, typed. Which of them may stand where is decided in ``rules``.

Facts: docs.docker.com "Dockerfile reference". What BuildKit adds to RUN and COPY beyond the classic builder (mounts,
other stages, links) is refused with a reason: an extension's Dockerfile has one stage and one context.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lifecycle_py.dockerfile.errors import DockerfileError
from lifecycle_py.dockerfile.logical_lines import Heredoc, LogicalLine, read_lines
from lifecycle_py.dockerfile.words import WordError, split_words
from lifecycle_py.spec.errors import nearest
from lifecycle_py.spec.json_text import parse_json

_FLAG = re.compile(r"--([a-z-]+)(?:=(\S*))?(?:\s+|$)")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_KNOWN_FLAGS: Mapping[str, frozenset[str]] = {
    "COPY": frozenset({"chown", "chmod"}),
    "ADD": frozenset({"chown", "chmod"}),
    "RUN": frozenset(),
    "FROM": frozenset(),
}
ALLOWED = ("FROM", "ADD", "ARG", "COPY", "ENV", "LABEL", "RUN", "SHELL", "USER", "WORKDIR")
# Docker's own; they change the image's configuration in ways the export of an app decides anew.
OTHERS = ("CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "MAINTAINER", "ONBUILD", "STOPSIGNAL", "VOLUME")


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """One instruction.

    ``words`` keep their quotes and variables where those are replaced later; of a JSON array (``exec_form``) they are
    the array's texts as they are meant. ``text`` is what follows the keyword and its flags.
    """

    line: int
    keyword: str
    text: str
    words: tuple[str, ...]
    exec_form: bool = False
    flags: Mapping[str, str]
    heredocs: tuple[Heredoc, ...] = ()

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Give names and values of ENV and LABEL, in either of their forms."""
        if "=" not in self.words[0]:
            return ((self.words[0], self.text[len(self.words[0]) :].strip()),)
        return tuple((name, value) for name, _, value in (word.partition("=") for word in self.words))

    def __str__(self) -> str:
        """Give the instruction in one line, as histories show it."""
        return f"{self.keyword} {' '.join(self.text.split())}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Dockerfile:
    """A Dockerfile that was read. ``file`` is its name for messages."""

    file: str
    escape: str
    instructions: tuple[Instruction, ...]

    def problem(self, instruction: Instruction | None, problem: str, fix: str = "") -> DockerfileError:
        """Make the error for one of its instructions, or for the file as a whole."""
        line = instruction.line if instruction else 0
        return DockerfileError(file=self.file, line=line, problem=problem, fix=fix)


def parse_dockerfile(text: str, file: str) -> Dockerfile:
    """Read a Dockerfile.

    Raises:
        DockerfileError: an instruction is unknown or malformed; it has file and line.
    """
    lines = read_lines(text, file)
    return Dockerfile(
        file=file,
        escape=lines.escape,
        instructions=tuple(_instruction(line, lines.escape, file) for line in lines.lines),
    )


def _instruction(line: LogicalLine, escape: str, file: str) -> Instruction:
    def problem(text: str, fix: str = "") -> DockerfileError:
        return DockerfileError(file=file, line=line.number, problem=text, fix=fix)

    if line.keyword not in (*ALLOWED, *OTHERS):
        close = nearest(line.keyword, (*ALLOWED, *OTHERS))
        raise problem(f"'{line.keyword[:40]}' is no instruction", f"Did you mean {close}?" if close else "")
    flags, text = _flags(line, file)
    if not text:
        raise problem(f"{line.keyword} needs something after it")
    array = _json_array(text) if line.keyword in {"RUN", "SHELL", "COPY", "ADD"} else None
    try:
        words = array if array is not None else split_words(text, escape)
    except WordError as error:
        if line.keyword != "RUN":  # a shell reads that, and has rules of its own
            raise problem(str(error)) from None
        words = (text,)
    made = Instruction(
        line=line.number,
        keyword=line.keyword,
        text=text,
        words=words,
        exec_form=array is not None,
        flags=flags,
        heredocs=line.heredocs,
    )
    if (wrong := _shape_problem(made)) is not None:
        raise problem(wrong)
    return made


def _flags(line: LogicalLine, file: str) -> tuple[dict[str, str], str]:
    flags: dict[str, str] = {}
    rest = line.rest
    known = _KNOWN_FLAGS.get(line.keyword)
    while known is not None and (found := _FLAG.match(rest)):
        if found[1] not in known:
            text = f"{line.keyword} --{found[1]} is not supported in an extension's Dockerfile"
            raise DockerfileError(file=file, line=line.number, problem=text)
        flags[found[1]] = found[2] or ""
        rest = rest[found.end() :]
    return flags, rest


def _json_array(text: str) -> tuple[str, ...] | None:
    """Read an array of texts; anything else is not one, and is taken as words."""
    if not text.startswith("["):
        return None
    try:
        values = parse_json(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        return None
    return tuple(values)


def _shape_problem(made: Instruction) -> str | None:
    """Tell what is wrong with the number or the form of an instruction's words."""
    count = len(made.words)
    names = {"ENV": "a name and a value", "LABEL": "a name and a value"}
    rules: tuple[tuple[bool, str], ...] = (
        (made.keyword == "SHELL" and not made.exec_form, 'SHELL needs a JSON array, such as ["/bin/bash", "-c"]'),
        (made.keyword in {"COPY", "ADD"} and count < 2 - (1 if made.exec_form and made.heredocs else 0),
         f"{made.keyword} needs a source and a target"),
        (made.keyword == "FROM" and not _is_origin(made.words), "FROM takes the name of one image"),
        (made.keyword in names and "=" not in made.words[0] and count < 2,  # noqa: PLR2004
         f"{made.keyword} needs {names.get(made.keyword)}"),
        (made.keyword in names and "=" in made.words[0] and any(word.find("=") < 1 for word in made.words),
         f"{made.keyword} needs NAME=VALUE, several parted by blanks"),
        (made.keyword == "ARG" and any(not _VARIABLE_NAME.fullmatch(word.partition("=")[0]) for word in made.words),
         "ARG needs names, each with or without =DEFAULT"),
    )  # fmt: skip
    return next((text for broken, text in rules if broken), None)


def _is_origin(words: tuple[str, ...]) -> bool:
    return len(words) == 1 or (len(words) == 3 and words[1].upper() == "AS")  # noqa: PLR2004 - FROM image AS name
