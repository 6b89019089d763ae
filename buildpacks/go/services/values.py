"""What an expression of Go source comes to, where the source says so: an address, a flag, an environment's variable.

``":" + os.Getenv("PORT")``, ``*httpAddr`` after ``httpAddr = flag.String("http.addr", ":8080", "…")``, and constants
are understood; whatever else stands there is unknown, and nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from buildpacks.go.services.packages import Package
from buildpacks.go.services.tokens import Kind, Tokens, arguments, is_name, is_sign

_DEEPEST = 8
_ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_VERB = re.compile(r"%[sdv]")
# Methods that define a flag: how many arguments they have, and where name and default stand among them.
FLAG_METHODS = {
    **dict.fromkeys(("String", "Int", "Uint"), (3, 0, 1)),
    **dict.fromkeys(("StringVar", "IntVar", "UintVar"), (4, 1, 2)),
    **dict.fromkeys(("StringP", "IntP", "UintP"), (4, 0, 2)),
    **dict.fromkeys(("StringVarP", "IntVarP", "UintVarP"), (5, 1, 3)),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """``text`` as far as it is in the source (variables of the environment as they are when unset); None: unknown."""

    text: str | None = None
    env: str = ""
    flag: str = ""


_UNKNOWN = Value()


def evaluate(tokens: Tokens, package: Package, depth: int = 0) -> Value:
    """Give the value of the expression that begins the tokens."""
    if depth > _DEEPEST or not tokens:
        return _UNKNOWN
    value, at = _operand(tokens, package, depth)
    while is_sign(tokens, at, "+"):
        more, length = _operand(tokens[at + 1 :], package, depth)
        value = _joined(value, more)
        at += 1 + length
    return value


def _operand(tokens: Tokens, package: Package, depth: int) -> tuple[Value, int]:
    """Give the value of the first operand and how many tokens it has."""
    if not tokens:
        return _UNKNOWN, 0
    if tokens[0].kind in {Kind.STRING, Kind.NUMBER}:
        return Value(text=tokens[0].text), 1
    start = 1 if is_sign(tokens, 0, "*") or is_sign(tokens, 0, "&") else 0
    if is_sign(tokens, start, "("):
        inner, end = arguments(tokens, start)
        return (evaluate(inner[0], package, depth + 1) if len(inner) == 1 else _UNKNOWN), end + 1
    if not is_name(tokens, start):
        return _UNKNOWN, 1
    end = start + 1
    while is_sign(tokens, end, ".") and is_name(tokens, end + 1):
        end += 2
    callee = "".join(one.text for one in tokens[start:end])
    if is_sign(tokens, end, "("):
        given, closing = arguments(tokens, end)
        return _call(callee, tuple(given), package, depth + 1), closing + 1
    return _named(tokens[end - 1].text, package, depth + 1), end


def _named(name: str, package: Package, depth: int) -> Value:
    """Give what is assigned to a name: the first text there is, and the first variable and flag.

    ``port := os.Getenv("PORT")`` with ``port = "8080"`` for when it is empty is one value with both.
    """
    result = _UNKNOWN
    for tokens in package.values.get(name, []):
        one = evaluate(tokens, package, depth)
        text = one.text if result.text in {None, ""} and one.text is not None else result.text
        result = Value(text=text, env=result.env or one.env, flag=result.flag or one.flag)
    return result


def _call(callee: str, given: tuple[Tokens, ...], package: Package, depth: int) -> Value:
    name = callee.rpartition(".")[2]
    if name in FLAG_METHODS and len(given) == FLAG_METHODS[name][0]:
        _, at_name, at_default = FLAG_METHODS[name]
        default = evaluate(given[at_default], package, depth)
        return Value(text=default.text, env=default.env, flag=evaluate(given[at_name], package, depth).text or "")
    return _computed(callee, [evaluate(one, package, depth) for one in given])


def _computed(callee: str, values: list[Value]) -> Value:
    """Give what a function makes of its arguments' values."""
    if callee in {"os.Getenv", "os.LookupEnv"} and len(values) == 1:
        return Value(text="", env=values[0].text or "")
    if callee == "fmt.Sprintf" and values and values[0].text is not None:
        return _formatted(values[0].text, values[1:])
    if callee == "net.JoinHostPort" and len(values) == 2:  # noqa: PLR2004 - host and port
        return _joined(_joined(values[0], Value(text=":")), values[1])
    if callee in {"strconv.Itoa", "string", "fmt.Sprint", "strings.TrimSpace"} and len(values) == 1:
        return values[0]
    # A helper of the app's own, such as getenv("PORT", "8080"): a variable's name, and the value when it is not set.
    if len(values) == 2 and _ENVIRONMENT_NAME.fullmatch(values[0].text or ""):  # noqa: PLR2004 - as said
        return Value(text=values[1].text, env=values[0].text or "", flag=values[1].flag)
    return _UNKNOWN


def _formatted(form: str, values: list[Value]) -> Value:
    result = Value(text="")
    pieces = _VERB.split(form)
    for number, piece in enumerate(pieces):
        result = _joined(result, Value(text=piece))
        if number < len(pieces) - 1:
            result = _joined(result, values[number] if number < len(values) else _UNKNOWN)
    return result


def _joined(one: Value, other: Value) -> Value:
    text = None if one.text is None or other.text is None else one.text + other.text
    return Value(text=text, env=one.env or other.env, flag=one.flag or other.flag)
