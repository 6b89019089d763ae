"""What the specification asks of the Dockerfiles of extensions, and what a run.Dockerfile is for. Pure.

Spec: image_extension.md "Dockerfile Requirements" (Buildpack API 0.11); facts: reference ``buildpack/dockerfile.go``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lifecycle_py.dockerfile.instructions import ALLOWED, Dockerfile, Instruction

BASE_IMAGE = "base_image"
_BASE_REFERENCES = ("${base_image}", "$base_image")


class DockerfileKind(StrEnum):
    """Which image a Dockerfile is for."""

    BUILD = "build"
    RUN = "run"


@dataclass(frozen=True, kw_only=True, slots=True)
class Purpose:
    """What a Dockerfile does: ``base`` names the image it switches to, ``extends`` tells that it changes it.

    ``warnings`` name instructions that are not recommended and have no effect here.
    """

    base: str = ""
    extends: bool = False
    warnings: tuple[str, ...] = ()


def check_dockerfile(dockerfile: Dockerfile, kind: DockerfileKind) -> Purpose:
    """Check a Dockerfile and tell what it is for.

    Raises:
        DockerfileError: it breaks a rule of its kind.
    """
    start = _only_from(dockerfile)
    before = dockerfile.instructions[:start]
    after = dockerfile.instructions[start + 1 :]
    origin = dockerfile.instructions[start]
    for instruction in before:
        if instruction.keyword != "ARG":
            raise dockerfile.problem(instruction, "only ARG may stand before FROM")
    if kind is DockerfileKind.BUILD:
        _check_build(dockerfile, before, origin)
    base = "" if origin.words[0] in _BASE_REFERENCES else origin.words[0]
    if "$" in base:
        fix = "Write FROM ${base_image}, or FROM with the name of an image."
        raise dockerfile.problem(origin, f"'{base}' depends on an argument", fix)
    return Purpose(base=base, extends=bool(after), warnings=tuple(_warnings(dockerfile, after)))


def _only_from(dockerfile: Dockerfile) -> int:
    places = [number for number, one in enumerate(dockerfile.instructions) if one.keyword == "FROM"]
    if not places:
        raise dockerfile.problem(None, "there is no FROM", "Begin it with 'ARG base_image' and 'FROM ${base_image}'.")
    if len(places) > 1:
        second = dockerfile.instructions[places[1]]
        raise dockerfile.problem(second, "a second FROM begins another stage, which is not permitted")
    return places[0]


def _check_build(dockerfile: Dockerfile, before: tuple[Instruction, ...], origin: Instruction) -> None:
    fix = "Begin it with 'ARG base_image' and 'FROM ${base_image}'."
    names = [word.partition("=")[0] for instruction in before for word in instruction.words]
    if names != [BASE_IMAGE]:
        raise dockerfile.problem(
            before[0] if before else origin, "it does not begin with 'ARG base_image', and that alone", fix
        )
    if origin.words[0] not in _BASE_REFERENCES:
        raise dockerfile.problem(origin, "a build image cannot be switched by an extension", fix)


def _warnings(dockerfile: Dockerfile, instructions: tuple[Instruction, ...]) -> list[str]:
    return [
        f"{dockerfile.file}:{one.line}: {one.keyword} is not recommended, and has no effect"
        for one in instructions
        if one.keyword not in ALLOWED
    ]
