"""Names of images, by where they are.

``name[:tag]`` in the local store, ``oci:DIR[:name]`` in a layout, ``docker://HOST/REPO`` in a registry,
``docker-daemon:name[:tag]`` in a Docker daemon.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from builder.errors import InvalidReferenceError

DEFAULT_TAG = "latest"
_REGISTRY = "docker://"
_DAEMON = "docker-daemon:"

# The grammar of the distribution spec, less the registry host's port, which the local store has no use for.
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?::\d+)?(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageReference:
    """Where an image is: the local store, the layout ``layout``, a registry or a daemon; ``name`` is its name there."""

    name: str
    layout: Path | None = None
    in_registry: bool = False
    in_daemon: bool = False

    def __str__(self) -> str:
        """Give the form the user writes."""
        if self.in_registry:
            return f"{_REGISTRY}{self.name}"
        if self.in_daemon:
            return f"{_DAEMON}{self.name}"
        return f"oci:{self.layout}:{self.name}" if self.layout else self.name


def parse_name(text: str) -> str:
    """Check ``name[:tag]`` and give it with its tag.

    Raises:
        InvalidReferenceError: it is not one.
    """
    name, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        name, tag = text, DEFAULT_TAG
    if not _NAME.fullmatch(name):
        problem = "names are lower-case letters and digits, joined by '.', '_', '-' or '/'"
        raise InvalidReferenceError(reference=text, problem=problem)
    if not _TAG.fullmatch(tag):
        raise InvalidReferenceError(reference=text, problem=f"'{tag}' is not a tag")
    return f"{name}:{tag}"


def parse_pinned(text: str) -> str:
    """Check ``name[:tag][@digest]``, which is what a build prints, and give it with its tag.

    Raises:
        InvalidReferenceError: it is not one.
    """
    name, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise InvalidReferenceError(reference=text, problem=f"'{digest}' is not a digest")
    return f"{parse_name(name)}{at}{digest}"


def parse_reference(text: str) -> ImageReference:
    """Read what the user named an image by.

    Raises:
        InvalidReferenceError: it is none of the four.
    """
    if text.startswith(_REGISTRY):
        # A digest says more than a tag and takes none; the registry store reads it.
        name = text.removeprefix(_REGISTRY)
        return ImageReference(name=name if "@" in name else parse_name(name), in_registry=True)
    if text.startswith(_DAEMON):
        # Images of a daemon go by IDs, too; the daemon's store reads the name.
        return ImageReference(name=text.removeprefix(_DAEMON), in_daemon=True)
    if text.startswith("oci:"):
        directory, _, name = text.removeprefix("oci:").partition(":")
        if not directory:
            raise InvalidReferenceError(reference=text, problem="there is no directory after 'oci:'")
        return ImageReference(name=parse_pinned(name) if name else "", layout=Path(directory))
    return ImageReference(name=parse_pinned(text))


def registry_name(text: str) -> str:
    """Give the name in ``docker://NAME``; empty for anything else.

    Raises:
        InvalidReferenceError: the name is malformed.
    """
    return parse_name(text.removeprefix(_REGISTRY)) if text.startswith(_REGISTRY) else ""


def name_from_directory(directory: Path) -> str:
    """Make an image name of an app directory's name, as far as its characters allow."""
    readable = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-")
    return parse_name(readable or "app")
