"""A sample of every error of a module, made from the types of its fields."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from pathlib import Path
from types import ModuleType
from typing import Any

from lifecycle_py.spec.errors import ExplainedError


def errors_of(module: ModuleType) -> list[type[ExplainedError]]:
    """Give the errors a module defines, in its order."""
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, ExplainedError) and value.__module__ == module.__name__
    ]


def is_raised(error: type[ExplainedError]) -> bool:
    """Tell an error that is raised from one that only groups others."""
    return dataclasses.is_dataclass(error) and error.explain is not ExplainedError.explain and not _is_a_group(error)


def _is_a_group(error: type[ExplainedError]) -> bool:
    return any(isinstance(value, property) and _refuses(value) for value in vars(error).values())


def _refuses(value: property) -> bool:
    """Tell a property that only subclasses answer."""
    return value.fget is not None and "NotImplementedError" in value.fget.__code__.co_names


def sample(error: type[ExplainedError]) -> ExplainedError:
    """Make an error whose fields say their own names."""
    made: ExplainedError = _dataclass_sample(error)
    return made


def _dataclass_sample(kind: Any) -> Any:
    hints = typing.get_type_hints(kind)
    return kind(**{field.name: _value(hints[field.name], field.name) for field in dataclasses.fields(kind)})


def _value(kind: Any, name: str) -> Any:  # noqa: PLR0911 - a kind of field each
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    plain: dict[Any, Any] = {str: f"<{name}>", int: 7, bool: True, bytes: name.encode(), Path: Path(f"/some/{name}")}
    if kind in plain:
        return plain[kind]
    if origin in {typing.Union, types.UnionType}:
        return _value(next(one for one in arguments if one is not type(None)), name)
    if origin is typing.Literal:
        return arguments[0]
    if origin is dict or "Mapping" in str(origin):
        return {_value(arguments[0], name): _value(arguments[1], name)}
    if arguments:
        return tuple(_value(arguments[0], f"{name} {number}") for number in (1, 2))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind))
    if dataclasses.is_dataclass(kind):
        return _dataclass_sample(kind)
    supertype = getattr(kind, "__supertype__", None)
    return _value(supertype, name) if supertype else f"<{name}>"
