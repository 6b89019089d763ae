"""What instructions do to an image's configuration, and which variables hold where. Pure.

Facts: docs.docker.com "Dockerfile reference": ARG, ENV, LABEL, SHELL, USER, WORKDIR.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lifecycle_py.dockerfile.instructions import Dockerfile, Instruction
from lifecycle_py.dockerfile.words import WordError, expand
from lifecycle_py.oci.model import ImageConfig

_SHELL_KEY = "Shell"
_DEFAULT_SHELL = ("/bin/sh", "-c")
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildState:
    """The configuration so far. ``given`` are the arguments from outside, ``arguments`` those declared by now."""

    config: ImageConfig
    given: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)

    @property
    def shell(self) -> tuple[str, ...]:
        """Give the program that runs the shell form of RUN."""
        return tuple(self.config.other.get(_SHELL_KEY) or _DEFAULT_SHELL)

    @property
    def working_dir(self) -> str:
        """Give the directory that instructions work in."""
        return self.config.working_dir or "/"

    def variables(self) -> dict[str, str]:
        """Give what ``$NAME`` stands for; the environment wins over arguments."""
        return {**self.arguments, **self.config.environment()}

    def run_environment(self) -> dict[str, str]:
        """Give the environment of RUN."""
        return {"PATH": _DEFAULT_PATH, **self.variables()}


def expanded(text: str, state: BuildState, dockerfile: Dockerfile, instruction: Instruction) -> str:
    """Put variables into a word of an instruction.

    Raises:
        DockerfileError: it cannot be read.
    """
    try:
        return expand(text, state.variables(), dockerfile.escape)
    except WordError as error:
        raise dockerfile.problem(instruction, str(error)) from None


def configured(state: BuildState, dockerfile: Dockerfile, instruction: Instruction) -> BuildState:
    """Give the state after an instruction; those that change files only leave it as it is.

    Raises:
        DockerfileError: a word cannot be read.
    """

    def value(text: str) -> str:
        return expanded(text, state, dockerfile, instruction)

    config = state.config
    match instruction.keyword:
        case "ARG":
            return replace(state, arguments={**state.arguments, **_declared(state, instruction, value)})
        case "ENV":
            environment = config.environment() | {value(name): value(text) for name, text in instruction.pairs()}
            config = replace(config, env=tuple(f"{name}={text}" for name, text in environment.items()))
        case "LABEL":
            labels = {value(name): value(text) for name, text in instruction.pairs()}
            config = replace(config, labels={**config.labels, **labels})
        case "USER":
            config = replace(config, user=value(instruction.text))
        case "WORKDIR":
            directory = posixpath.normpath(posixpath.join(state.working_dir, value(instruction.text)))
            config = replace(config, working_dir=directory)
        case "SHELL":
            config = replace(config, other={**config.other, _SHELL_KEY: list(instruction.words)})
        case _:
            return state
    return replace(state, config=config)


def _declared(state: BuildState, instruction: Instruction, value: Callable[[str], str]) -> dict[str, str]:
    """Give the arguments an ARG declares: the value given from outside, else the default, else none."""
    declared = {}
    for word in instruction.words:
        name, equals, default = word.partition("=")
        if name in state.given:
            declared[name] = state.given[name]
        elif equals:
            declared[name] = value(default)
    return declared
