"""The reference a cluster pulls the image by: always with a digest, so that what runs is what was translated."""

from __future__ import annotations

import re
from dataclasses import dataclass

from builder.errors import PullReferenceError

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d+)?"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_REFERENCE = re.compile(
    rf"(?P<name>(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*)(?::{_TAG})?(?:@(?P<digest>sha256:[0-9a-f]{{64}}))?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PullReference:
    """What objects name as their image. ``given`` tells whether a person chose it; else it is a guess."""

    text: str
    digest: str
    given: bool

    @property
    def repository(self) -> str:
        """The reference without its digest."""
        return self.text.partition("@")[0]


def pull_reference(local_name: str, digest: str, override: str | None = None) -> PullReference:
    """Choose the reference for the image ``local_name`` with ``digest``.

    Raises:
        PullReferenceError: the override is no reference.
    """
    text = local_name if override is None else override
    match = _REFERENCE.fullmatch(text)
    if not match:
        raise PullReferenceError(reference=text)
    chosen = match["digest"] or digest
    return PullReference(text=f"{match['name']}@{chosen}", digest=chosen, given=override is not None)
