"""Changes of an environment, as the files of an ``env`` directory express them.

Spec: buildpack.md "Environment Variable Modification Rules" (buildpacks/spec@b745fcf). Values are bytes, because a
file may hold any and the kernel passes any on but NUL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

Environment = Mapping[str, bytes]


class EnvAction(StrEnum):
    """What a file does to the variable; the value is the file name's suffix."""

    OVERRIDE = "override"
    DEFAULT = "default"
    APPEND = "append"
    PREPEND = "prepend"


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvChange:
    """One change. ``delimiter`` joins old and new value of append and prepend; without a file it is empty."""

    name: str
    action: EnvAction
    value: bytes
    delimiter: bytes = b""

    def apply_to(self, old: bytes | None) -> bytes:
        """Give the new value of the variable. Unset and empty count alike, as in the reference."""
        if self.action is EnvAction.OVERRIDE or not old:
            return self.value
        if self.action is EnvAction.DEFAULT:
            return old
        first, last = (self.value, old) if self.action is EnvAction.PREPEND else (old, self.value)
        return first + self.delimiter + last


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvDelta:
    """Changes in the order they apply."""

    changes: tuple[EnvChange, ...] = ()

    def apply(self, environment: Environment) -> dict[str, bytes]:
        """Give a new environment; the one passed in stays as it is."""
        result = dict(environment)
        for change in self.changes:
            result[change.name] = change.apply_to(result.get(change.name))
        return result

    def to_files(self) -> dict[str, bytes]:
        """Give the files of an ``env`` directory that express these changes: name → contents."""
        files: dict[str, bytes] = {}
        for change in self.changes:
            files[f"{change.name}.{change.action}"] = change.value
            if change.delimiter and change.action in {EnvAction.APPEND, EnvAction.PREPEND}:
                files[f"{change.name}.delim"] = change.delimiter
        return files

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], default_action: EnvAction = EnvAction.OVERRIDE) -> EnvDelta:
        """Read an ``env`` directory: file name → contents, applied in alphabetical order.

        A name without suffix does ``default_action`` (override for layers, default for build-config); files with
        an unknown suffix are ignored.
        """
        return cls(changes=tuple(_changes(files, default_action)))


def _changes(files: Mapping[str, bytes], default_action: EnvAction) -> Iterable[EnvChange]:
    for file_name in sorted(files):
        name, _, suffix = file_name.partition(".")
        action = default_action if not suffix else next((one for one in EnvAction if one == suffix), None)
        if not name or action is None:
            continue
        delimiter = files.get(f"{name}.delim", b"") if action in {EnvAction.APPEND, EnvAction.PREPEND} else b""
        yield EnvChange(name=name, action=action, value=files[file_name], delimiter=delimiter)
