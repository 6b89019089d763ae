"""Flags as Go's ``flag`` package reads them, with the specification's variables and defaults behind them. Pure.

Facts: reference/cnb.md §b.1, §b.2. ``-x v``, ``-x=v``, ``--x v``; a boolean is ``-x`` or ``-x=true``; flags come before
positional arguments; a flag beats its variable, which beats the default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lifecycle_py.cli.flag_table import Flag
from lifecycle_py.errors import InvalidArgumentError
from lifecycle_py.spec.errors import nearest

_TRUE = frozenset({"1", "t", "true"})
_FALSE = frozenset({"0", "f", "false"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Arguments:
    """What was given, complete with variables and defaults. ``given`` are the flags on the command line itself."""

    values: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    positional: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()

    def text(self, name: str) -> str:
        """Give a flag's value; empty for a flag this phase does not take."""
        return self.values.get(name, "")

    def boolean(self, name: str) -> bool:
        """Give a boolean flag's value; false for a flag this phase does not take."""
        return _boolean(name, self.values.get(name, ""))

    def number(self, name: str) -> int:
        """Give a number.

        Raises:
            InvalidArgumentError: it is none.
        """
        text = self.values[name]
        if not (text.isascii() and text.isdecimal()):
            raise InvalidArgumentError(problem=f'invalid value "{text}" for flag -{name}')
        return int(text)

    def path(self, name: str) -> Path:
        """Give a path, made absolute."""
        return Path(self.values[name]).absolute()

    def list(self, name: str) -> tuple[str, ...]:
        """Give the values of a flag that may be repeated."""
        return self.lists.get(name, ())


def parse_arguments(arguments: Sequence[str], flags: Sequence[Flag], environ: Mapping[str, str]) -> Arguments:
    """Read a command line.

    Raises:
        InvalidArgumentError: an unknown flag, a flag without its value, or a boolean that is none.
    """
    by_name = {flag.name: flag for flag in flags}
    given: dict[str, list[str]] = {}
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        name, equals, value = word.lstrip("-").partition("=")
        flag = by_name.get(name)
        if flag is None:
            suggestion = nearest(name, tuple(by_name))
            raise InvalidArgumentError(
                problem=f"flag provided but not defined: -{name}", suggestion=f"-{suggestion}" if suggestion else None
            )
        if not equals:
            value = "true" if flag.boolean else _next_value(name, rest)
        if flag.boolean:
            _boolean(name, value)
        given.setdefault(name, []).append(value)
    return _complete(flags, given, tuple(rest), environ)


def _complete(
    flags: Sequence[Flag], given: Mapping[str, list[str]], positional: tuple[str, ...], environ: Mapping[str, str]
) -> Arguments:
    values: dict[str, str] = {}
    for flag in flags:
        found = given.get(flag.name)
        from_environment = environ.get(flag.variable, "") if flag.variable else ""
        values[flag.name] = found[-1] if found else from_environment or flag.default
    layers = values.get("layers", "")
    lists = {
        flag.name: tuple(given.get(flag.name) or filter(None, values[flag.name].split(",")))
        for flag in flags
        if flag.repeated
    }
    return Arguments(
        values={name: value.replace("{layers}", layers) for name, value in values.items()},
        lists=lists,
        positional=positional,
        given=frozenset(given),
    )


def _next_value(name: str, rest: list[str]) -> str:
    if not rest:
        raise InvalidArgumentError(problem=f"flag needs an argument: -{name}")
    return rest.pop(0)


def _boolean(name: str, value: str) -> bool:
    text = value.lower()
    if text not in _TRUE | _FALSE | {""}:
        raise InvalidArgumentError(problem=f'invalid boolean value "{value}" for -{name}')
    return text in _TRUE
