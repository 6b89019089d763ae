"""Identifiers of the specification, checked once where they enter.

Spec: buildpack.md "Buildpack Identifiers", "launch.toml"; platform.md "Process types" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

import re
from typing import NewType

from lifecycle_py.spec.errors import InvalidIdentifierError

BuildpackId = NewType("BuildpackId", str)
LayerName = NewType("LayerName", str)
ProcessType = NewType("ProcessType", str)

RESERVED_BUILDPACK_IDS = ("app", "config", "generated", "sbom")
RESERVED_LAYER_NAMES = ("build", "launch", "store")


def parse_buildpack_id(text: str) -> BuildpackId:
    """Check a buildpack id: letters, digits, ``.``, ``/`` and ``-``; no reserved name."""
    if not re.fullmatch(r"[A-Za-z0-9./-]+", text):
        raise InvalidIdentifierError(
            kind="buildpack id", value=text, rule="it may hold only letters, digits, '.', '/' and '-'"
        )
    if directory_name(BuildpackId(text)) in {".", ".."}:
        raise InvalidIdentifierError(kind="buildpack id", value=text, rule="it becomes a directory's name")
    if text in RESERVED_BUILDPACK_IDS:
        raise InvalidIdentifierError(kind="buildpack id", value=text, rule="the specification reserves this name")
    return BuildpackId(text)


def directory_name(buildpack_id: BuildpackId) -> str:
    """Give the id as a directory name below ``<layers>`` or ``/cnb/buildpacks``: ``/`` becomes ``_``."""
    return buildpack_id.replace("/", "_")


def parse_layer_name(text: str) -> LayerName:
    """Check a layer name: a plain file name that does not shadow a document of the layers directory."""
    if not text or "/" in text or "\0" in text or text in {".", ".."}:
        raise InvalidIdentifierError(kind="layer name", value=text, rule="it has to be a plain file name")
    if text in RESERVED_LAYER_NAMES:
        raise InvalidIdentifierError(
            kind="layer name", value=text, rule=f"'{text}.toml' is a document of the specification"
        )
    return LayerName(text)


def parse_process_type(text: str) -> ProcessType:
    """Check a process type: letters, digits, ``.``, ``_`` and ``-``."""
    if not re.fullmatch(r"[A-Za-z0-9._-]+", text):
        raise InvalidIdentifierError(
            kind="process type", value=text, rule="it may hold only letters, digits, '.', '_' and '-'"
        )
    return ProcessType(text)
