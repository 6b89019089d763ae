"""The one place that reads and writes TOML, and the typed view of a table while it is parsed.

``tomllib`` reads; ``tomli_w`` writes, and the text is read again before it is trusted
(docs/decisions/0005-toml.md says why PyPI's ``toml`` does not do).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from lifecycle_py.spec.errors import TomlSyntaxError, TomlUnreadableError, TomlValueError, TomlWriteError, nearest

TomlTable: TypeAlias = Mapping[str, Any]


class Table:
    """A TOML table being read: typed access whose errors name the file and the full key."""

    def __init__(self, data: TomlTable, file: Path, prefix: str = "") -> None:
        """Wrap ``data``, found at ``prefix`` (a dotted key, empty for the document) of ``file``."""
        self.data = data
        self.file = file
        self.prefix = prefix

    def __contains__(self, key: str) -> bool:
        """Tell whether the key is present."""
        return key in self.data

    def text(self, key: str, default: str | None = None) -> str:
        """Read a string; required when no default is given."""
        return str(self._typed(key, str, "a string", default))

    def boolean(self, key: str, *, default: bool = False) -> bool:
        """Read a boolean."""
        return bool(self._typed(key, bool, "true or false", default))

    def integer(self, key: str, default: int | None = None) -> int:
        """Read an integer (a TOML boolean is not one)."""
        value = self._typed(key, int, "a whole number", default)
        if isinstance(value, bool):
            raise self.problem(key, "expected a whole number, found a boolean")
        return int(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Read an array of strings; empty when absent."""
        values = self._typed(key, list, "an array of strings", [])
        if not all(isinstance(value, str) for value in values):
            raise self.problem(key, "expected an array of strings")
        return tuple(values)

    def table(self, key: str) -> Table:
        """Read a sub-table; empty when absent."""
        return Table(self._typed(key, dict, "a table", {}), self.file, self._full(key))

    def tables(self, key: str) -> Iterator[Table]:
        """Read an array of tables; empty when absent."""
        values = self._typed(key, list, "an array of tables", [])
        for number, value in enumerate(values):
            if not isinstance(value, dict):
                raise self.problem(key, "expected an array of tables")
            yield Table(value, self.file, f"{self._full(key)}[{number}]")

    def only(self, *known: str) -> None:
        """Refuse keys other than ``known``, suggesting the nearest."""
        for key in self.data:
            if key not in known:
                raise self.problem(key, f"unknown key; known are {', '.join(known)}", nearest(key, known))

    def problem(self, key: str, problem: str, suggestion: str | None = None) -> TomlValueError:
        """Make the error for a key of this table."""
        return TomlValueError(file=self.file, key=self._full(key), problem=problem, suggestion=suggestion)

    def _full(self, key: str) -> str:
        return f"{self.prefix}.{key}" if self.prefix else key

    def _typed(self, key: str, kind: type, expected: str, default: Any) -> Any:
        if key not in self.data:
            if default is None:
                raise self.problem(key, f"missing; expected {expected}")
            return default
        value = self.data[key]
        if not isinstance(value, kind):
            raise self.problem(key, f"expected {expected}, found {value!r}")
        return value


def parse_toml(text: str, file: Path) -> Table:
    """Parse TOML text that came from ``file``.

    Raises:
        TomlSyntaxError: the text is not TOML 1.0, or no parser's work (a number of thousands of digits, arrays nested
            thousands of times).
    """
    try:
        return Table(tomllib.loads(text), file)
    except ValueError as error:
        raise TomlSyntaxError(file=file, problem=str(error)) from None
    except RecursionError:
        raise TomlSyntaxError(file=file, problem="it is nested too deeply") from None


def read_toml(file: Path) -> Table:
    """Read and parse a TOML file.

    Raises:
        TomlUnreadableError: the file is missing, unreadable or not UTF-8.
        TomlSyntaxError: the file is not TOML 1.0.
    """
    try:
        text = file.read_bytes().decode("utf-8")
    except OSError as error:
        raise TomlUnreadableError(file=file, problem=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise TomlUnreadableError(file=file, problem=f"it is not UTF-8 text (byte {error.start})") from None
    return parse_toml(text, file)


def read_toml_if_present(file: Path) -> Table:
    """Read a TOML file that may be absent; absent reads as an empty table."""
    try:
        file.lstat()
    except FileNotFoundError:
        return Table({}, file)
    return read_toml(file)


def format_toml(data: TomlTable, file: Path) -> str:
    """Turn plain values into TOML text that is known to read back equal.

    Raises:
        TomlWriteError: the text would not read back equal.
    """
    text = _render(data)
    if tomllib.loads(text) != _plain(data):
        raise TomlWriteError(file=file)
    return text


def _render(data: TomlTable) -> str:
    """Render a document, with arrays of tables as ``[[name]]`` sections, which buildpacks written in shell look for.

    ``tomli_w`` would put short ones on a line. A section differs from a table in its brackets only.
    """
    import tomli_w

    sections = {key: value for key, value in data.items() if _is_section(key, value)}
    parts = [tomli_w.dumps({key: value for key, value in data.items() if key not in sections})]
    for key, tables in sections.items():
        for table in tables:
            body = tomli_w.dumps({key: table}) if table else ""
            parts.append(f"[[{key}]]\n" + body.removeprefix(f"[{key}]\n"))
    return "\n".join(filter(None, parts))


def _is_section(key: str, value: object) -> bool:
    """Tell an array of tables whose name needs no quotes."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(item, Mapping) for item in value)
        and key.replace("-", "").replace("_", "").isalnum()
        and key.isascii()
    )


def write_toml(file: Path, data: TomlTable) -> None:
    """Write a TOML file whole or not at all (temporary file beside it, then rename)."""
    text = format_toml(data, file)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    # In a directory that buildpacks write to, a link may lie in wait under this name: never write through one.
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write(text)
    temporary.replace(file)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
