"""Unpacked layers kept between builds, so that an unchanged one is neither unpacked nor read nor compressed again.

A tree is moved into the build and moved back after it; while it is away, or after a build that was killed, the
cache's blob serves instead. Each tree lies beside a record of its fingerprint and the layer it becomes.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lifecycle_py.oci.fingerprint import tree_fingerprint
from lifecycle_py.oci.model import Descriptor, DiffId
from lifecycle_py.spec.json_text import parse_json


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownTree:
    """A tree whose layer is known without reading it, as long as its fingerprint holds.

    ``blob`` is None where only the tar is known, not the blob this build would store it as.
    """

    fingerprint: str
    diff_id: DiffId
    blob: Descriptor | None = None


class KnownTrees:
    """The known trees of one build, by fingerprint: filled while restoring, asked while exporting."""

    def __init__(self) -> None:
        """Know nothing."""
        self._trees: dict[str, KnownTree] = {}

    def add(self, tree: KnownTree) -> None:
        """Know a tree."""
        self._trees[tree.fingerprint] = tree

    def find(self, fingerprint: str) -> KnownTree | None:
        """Find the tree of a fingerprint."""
        return self._trees.get(fingerprint)

    def save(self, file: Path) -> None:
        """Write them down for a later process; a hint only, so a file that cannot be written is no loss."""
        trees = {
            known.fingerprint: {"diff_id": known.diff_id, "blob": known.blob.to_json() if known.blob else None}
            for known in self._trees.values()
        }
        with contextlib.suppress(OSError):
            file.write_text(json.dumps(trees), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> KnownTrees:
        """Read what an earlier process wrote down; what cannot be read is unknown."""
        known = cls()
        try:
            for fingerprint, data in parse_json(file.read_bytes()).items():
                blob = Descriptor.from_json(data["blob"]) if data["blob"] else None
                known.add(KnownTree(fingerprint=fingerprint, diff_id=DiffId(str(data["diff_id"])), blob=blob))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()
        return known


class TreePool:
    """The kept trees of one app. Safe for concurrent builds: whoever moves a tree first has it."""

    def __init__(self, directory: Path) -> None:
        """Use ``directory``, which has to be on the file system of the builds' layers directories."""
        self.directory = directory

    def take(self, diff_id: DiffId, target: Path, recipe: str) -> KnownTree | None:
        """Move the tree of a layer to ``target``; None when it is not here or not what its record says."""
        tree = self._tree(diff_id)
        try:
            data = parse_json(self._record(diff_id).read_bytes())
            known = KnownTree(
                fingerprint=str(data["fingerprint"]), diff_id=diff_id, blob=Descriptor.from_json(data["blob"])
            )
            tree.rename(target)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if tree_fingerprint(target, recipe) != known.fingerprint:
            shutil.rmtree(target, ignore_errors=True)
            return None
        return known

    def give(self, known: KnownTree, tree: Path) -> None:
        """Move a tree into the pool. The pool is an optimisation: when it cannot take the tree, nothing is lost."""
        if known.blob is None:
            return
        with contextlib.suppress(OSError):
            self.directory.mkdir(parents=True, exist_ok=True)
            if self._tree(known.diff_id).exists():
                return
            self._record(known.diff_id).write_text(
                json.dumps({"fingerprint": known.fingerprint, "blob": known.blob.to_json()}), encoding="utf-8"
            )
            tree.rename(self._tree(known.diff_id))

    def keep_only(self, diff_ids: Iterable[DiffId]) -> None:
        """Delete the trees of all other layers."""
        kept = {_name(diff_id) for diff_id in diff_ids}
        for entry in self.directory.glob("*"):
            if entry.name.removesuffix(".json") not in kept:
                remove_tree(entry)

    def _tree(self, diff_id: DiffId) -> Path:
        return self.directory / _name(diff_id)

    def _record(self, diff_id: DiffId) -> Path:
        return self.directory / f"{_name(diff_id)}.json"


def remove_tree(path: Path) -> None:
    """Delete a file or tree: first out of sight, so that a half-deleted tree is never found under its name."""
    with contextlib.suppress(OSError):
        doomed = path.with_name(f".deleted-{uuid.uuid4().hex}")
        path.rename(doomed)
        if doomed.is_dir() and not doomed.is_symlink():
            shutil.rmtree(doomed, ignore_errors=True)
        else:
            doomed.unlink()


def _name(diff_id: DiffId) -> str:
    return diff_id.replace(":", "-")
