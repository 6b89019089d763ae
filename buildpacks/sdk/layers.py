"""Layers: directories a buildpack fills once and finds again, with the reason whenever it does not.

The author describes what a layer's contents depend on as a frozen dataclass, the *key*. The key is stored with the
layer and compared, field by field, at the next build. What comes back is a state that says why:

    Restored()            the contents are there and the key is the same: nothing to do
    Outdated(reasons)     the contents are there; only fields changed that the author said can be updated in place
    Empty(reasons)        the directory is empty: the layer is new, or every listed reason discarded what it held

Key fields are texts, whole numbers, booleans or tuples of texts, so that a value read back from TOML is the value
that was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from buildpacks.sdk.environment import Environment, LayerEnv, Scope, implicit_env
from lifecycle_py.spec.errors import ExplainedError
from lifecycle_py.spec.identifiers import LayerName, parse_layer_name
from lifecycle_py.spec.layer_toml import LayerMetadata, LayerTypes
from lifecycle_py.spec.toml_file import TomlTable, read_toml_if_present

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

KeyValue: TypeAlias = str | int | bool | tuple[str, ...]


class Reason(Protocol):
    """**Protocol:** why contents were not simply restored; ``str()`` is the line the log shows."""

    def __str__(self) -> str:
        """Give the reason as a line of the log."""


@dataclass(frozen=True, slots=True)
class NewLayer:
    """No earlier build left this layer."""

    def __str__(self) -> str:
        """Say so."""
        return "there is nothing cached yet"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyChanged:
    """A field of the key differs. Values of fields made by ``changed`` are not shown."""

    label: str
    old: KeyValue | None = None
    new: KeyValue | None = None

    def __str__(self) -> str:
        """Name the field, with both values where they mean something to a person."""
        if self.old is None or self.new is None:
            return f"{self.label} changed"
        return f"{self.label} changed from {_show(self.old)} to {_show(self.new)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyUnreadable:
    """The restored key has other fields or types: another version of the buildpack wrote it."""

    problem: str

    def __str__(self) -> str:
        """Give the problem."""
        return f"the cache's description cannot be used: {self.problem}"


@dataclass(frozen=True, slots=True)
class ContentsMissing:
    """The description was restored, the contents were not."""

    def __str__(self) -> str:
        """Say so."""
        return "the cache no longer holds its contents"


@dataclass(frozen=True, kw_only=True, slots=True)
class Discarded:
    """The buildpack itself emptied the layer."""

    why: str

    def __str__(self) -> str:
        """Give the buildpack's words."""
        return self.why


@dataclass(frozen=True, slots=True)
class Restored:
    """The contents of an earlier build can be used as they are."""

    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Outdated:
    """The contents of an earlier build are there, and have to be brought up to date."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """The directory is there and empty."""

    reasons: tuple[Reason, ...]

    @property
    def discarded(self) -> tuple[Reason, ...]:
        """Give why earlier contents were thrown away; nothing when there were none."""
        return tuple(reason for reason in self.reasons if not isinstance(reason, NewLayer))


LayerState: TypeAlias = Restored | Outdated | Empty


def shown(label: str) -> Any:
    """Make a key field whose old and new value are shown when it changes: ``shown("Python version")``."""
    return field(metadata={"label": label})


def changed(label: str) -> Any:
    """Make a key field of which only the fact of its change is shown, such as a file's digest."""
    return field(metadata={"label": label, "hidden": True})


@dataclass(kw_only=True)
class Layer:
    """A layer of the build at work. Contents go to ``path``; the rest is written when the build succeeded.

    ``notes`` are remembered beside the key without being compared; ``restored_notes`` are those of the last build.
    """

    name: LayerName
    path: Path
    types: LayerTypes
    state: LayerState
    key: TomlTable = field(default_factory=dict)
    env: LayerEnv = field(default_factory=LayerEnv)
    notes: TomlTable = field(default_factory=dict)
    restored_notes: TomlTable = field(default_factory=dict)
    sboms: dict[str, bytes] = field(default_factory=dict)
    scripts: dict[str, bytes] = field(default_factory=dict)

    @property
    def is_restored(self) -> bool:
        """Tell whether the contents can be used as they are."""
        return isinstance(self.state, Restored)

    def discard(self, why: str) -> None:
        """Empty the layer for a reason only the buildpack can know, such as a failed self-test."""
        empty_directory(self.path)
        self.state = Empty((Discarded(why=why),))

    def add_exec_d(self, name: str, program: str | bytes, process: str = "") -> None:
        """Add a program the launcher runs before the app starts; it writes ``NAME = "value"`` lines to descriptor 3.

        The run image need not have your language: write it for ``/bin/sh``, or add a static binary.
        """
        self.scripts["/".join(("exec.d", *filter(None, (process,)), name))] = _to_bytes(program)

    def apply_env(self, environment: Environment, scope: Scope = Scope.BUILD) -> dict[str, str]:
        """Give the environment that a later command of this build needs in order to see this layer."""
        return self.env.apply(scope, implicit_env(self.path).apply(scope, environment))

    def metadata(self) -> LayerMetadata:
        """Give the document that describes the layer."""
        table: dict[str, object] = {}
        if self.key:
            table["key"] = self.key
        if self.notes:
            table["notes"] = self.notes
        return LayerMetadata(types=self.types, metadata=table)


def open_layer(
    layers_dir: Path,
    name: str,
    types: LayerTypes,
    key: DataclassInstance | None = None,
    update_in_place_on: Sequence[str] = (),
) -> Layer:
    """Open a layer and settle its state; the directory exists afterwards.

    Args:
        layers_dir: the buildpack's layers directory.
        name: name of the layer; layers apply in alphabetical order.
        types: what the layer is for.
        key: what its contents depend on; without one the layer is made anew by every build.
        update_in_place_on: key fields whose change leaves the contents there (``Outdated``).
    """
    layer_name = parse_layer_name(name)
    path = layers_dir / layer_name
    plain = key_table(key) if key is not None else {}
    try:
        restored: TomlTable | None = _restored_metadata(layers_dir / f"{layer_name}.toml")
        state = _settle(key, restored, update_in_place_on)
    except ExplainedError as error:
        restored, state = None, Empty((KeyUnreadable(problem=str(error)),))
    if not isinstance(state, Empty) and not path.is_dir():
        # A launch-only layer that is already in the app image has a description and no contents; it is used again.
        in_image = types.launch and not types.build and not types.cache
        state = state if in_image and isinstance(state, Restored) else Empty((ContentsMissing(),))
    if isinstance(state, Empty):
        empty_directory(path)
    notes = (restored or {}).get("notes", {})
    return Layer(name=layer_name, path=path, types=types, state=state, key=plain, restored_notes=notes)


def keep_layer(layers_dir: Path, name: str, types: LayerTypes, key: DataclassInstance | None = None) -> Layer | None:
    """Give a layer as the last build left it, or None when there is none or its key is another. Writes nothing."""
    path = layers_dir / parse_layer_name(name)
    try:
        restored = _restored_metadata(layers_dir / f"{name}.toml")
    except ExplainedError:
        return None
    if restored is None or not path.is_dir() or (key and not isinstance(_settle(key, restored, ()), Restored)):
        return None
    notes = restored.get("notes", {})
    return Layer(
        name=parse_layer_name(name),
        path=path,
        types=types,
        state=Restored(),
        key=restored.get("key", {}),
        notes=notes,
        restored_notes=notes,
    )


def key_table(key: DataclassInstance) -> dict[str, object]:
    """Turn a key into the plain values that are stored."""
    table: dict[str, object] = {}
    for one in fields(key):
        value = getattr(key, one.name)
        table[one.name] = list(value) if isinstance(value, tuple) else value
    return table


def compare_keys(key: DataclassInstance, restored: Mapping[str, Any]) -> dict[str, Reason]:
    """Give every difference between a key and the restored one: field name → reason. Pure."""
    reasons: dict[str, Reason] = {}
    new = key_table(key)
    for unknown in sorted(set(restored) - set(new)):
        reasons[unknown] = KeyUnreadable(problem=f"'{unknown}' is no longer part of it")
    for one in fields(key):
        label = one.metadata.get("label", one.name.replace("_", " "))
        if one.name not in restored:
            reasons[one.name] = KeyUnreadable(problem=f"it says nothing about the {label}")
        elif type(restored[one.name]) is not type(new[one.name]) or restored[one.name] != new[one.name]:
            hidden = one.metadata.get("hidden", False)
            old_value = None if hidden else _from_plain(restored[one.name])
            new_value = None if hidden else _from_plain(new[one.name])
            reasons[one.name] = KeyChanged(label=label, old=old_value, new=new_value)
    return reasons


def empty_directory(path: Path) -> None:
    """Make ``path`` an empty directory, whatever it was."""
    import shutil

    if path.is_symlink() or path.is_file():
        path.unlink()
    if path.exists():
        shutil.rmtree(path)
    path.mkdir(parents=True)


def _restored_metadata(file: Path) -> TomlTable | None:
    metadata = LayerMetadata.from_toml(read_toml_if_present(file)).metadata
    return metadata if file.exists() else None


def _settle(key: DataclassInstance | None, restored: TomlTable | None, in_place: Sequence[str]) -> LayerState:
    if restored is None:
        return Empty((NewLayer(),))
    if key is None:
        return Empty((Discarded(why="it is made anew by every build"),))
    differences = compare_keys(key, restored.get("key", {}))
    reasons = tuple(differences.values())
    if not differences:
        return Restored()
    return Outdated(reasons) if set(differences) <= set(in_place) else Empty(reasons)


def _from_plain(value: Any) -> KeyValue:
    return tuple(str(item) for item in value) if isinstance(value, list) else value


def _show(value: KeyValue) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _to_bytes(program: str | bytes) -> bytes:
    return program.encode() if isinstance(program, str) else program
