"""What options of ``offramp build`` mean together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from builder.cli.build import choose_referrers, open_shared_cache
from builder.errors import AttestationsTargetError, InvalidReferenceError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image
from lifecycle_py.oci.store import BringLayer, FoundImage, SavedImage


class _Daemon:
    """A store that keeps images alone."""

    def find(self, reference: str) -> FoundImage | None:
        raise NotImplementedError(reference)

    def save(self, image: Image, references: Sequence[str]) -> SavedImage:
        raise NotImplementedError(image, references)

    def ahead(self, references: Sequence[str]) -> AbstractContextManager[BringLayer]:
        raise NotImplementedError(references)

    def check_access(self, reference: str, *, write: bool) -> None:
        raise NotImplementedError(reference, write)


@pytest.mark.parametrize(
    ("wanted", "push", "attached"),
    [(None, True, True), (None, False, False), (True, False, True), (False, True, False), (True, True, True)],
)
def test_attestations_come_with_a_push_unless_said_otherwise(
    tmp_path: Path, *, wanted: bool | None, push: bool, attached: bool
) -> None:
    """``--attestations`` and ``--no-attestations`` have the last word."""
    store = LayoutStore(tmp_path)

    assert (store if attached else None) is choose_referrers(store, wanted=wanted, push=push)


def test_attestations_in_a_daemon_are_a_mistake() -> None:
    """Asked for, they are refused; else nothing is said."""
    with pytest.raises(AttestationsTargetError):
        choose_referrers(_Daemon(), wanted=True, push=False)
    assert None is choose_referrers(_Daemon(), wanted=None, push=False)


def test_a_cache_is_a_directory_unless_it_names_a_registry() -> None:
    """``docker://`` as everywhere; a name that is none is told."""
    assert None is open_shared_cache("some/directory", ())
    with pytest.raises(InvalidReferenceError):
        open_shared_cache("docker://Not A Name", ())
