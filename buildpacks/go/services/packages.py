"""The packages of an app as source: their imports, calls and the values of their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from buildpacks.go.services.tokens import Kind, Tokens, arguments, is_name, is_sign, tokenize

_MOST_PACKAGES = 500
_MOST_BYTES = 1 << 20  # of a file; larger ones are generated, and hold no flags
# Files for other systems are not part of the program; only the suffixes that servers really have.
_OTHER_SYSTEMS = re.compile(
    r"_(windows|darwin|freebsd|openbsd|netbsd|plan9|js|wasip1|android|ios|solaris|aix)(_\w+)?\.go$"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call: the names before its parenthesis (``http.ListenAndServe``), its arguments, and what follows them."""

    callee: str
    arguments: tuple[Tokens, ...]
    file: str
    line: int
    tokens: Tokens
    end: int

    @property
    def name(self) -> str:
        """Give the last of the names."""
        return self.callee.rpartition(".")[2]


@dataclass(kw_only=True, slots=True)
class Package:
    """A package's source files together. ``values`` maps names to what is assigned to them, in order."""

    name: str = ""
    imports: set[str] = field(default_factory=set)
    files: dict[str, Tokens] = field(default_factory=dict)
    values: dict[str, list[Tokens]] = field(default_factory=dict)

    def calls(self) -> Iterator[Call]:
        """Give all calls, in the order of the files."""
        for file, tokens in sorted(self.files.items()):
            for at, token in enumerate(tokens):
                if token.kind is Kind.NAME and is_sign(tokens, at + 1, "("):
                    given, end = arguments(tokens, at + 1)
                    yield Call(
                        callee=_dotted(tokens, at),
                        arguments=tuple(given),
                        file=file,
                        line=token.line,
                        tokens=tokens,
                        end=end,
                    )


def read_package(directory: Path, app_dir: Path) -> Package:
    """Read a package's own files, tests and files for other systems left out."""
    package = Package()
    for file in sorted(directory.glob("*.go")):
        if file.name.endswith("_test.go") or _OTHER_SYSTEMS.search(file.name) or not _is_readable(file):
            continue
        source = file.read_text(encoding="utf-8", errors="replace")
        if "//go:build ignore" not in source:
            _add(package, file.relative_to(app_dir).as_posix(), tokenize(source))
    return package


def reachable(main: Path, app_dir: Path, module: str) -> dict[str, Package]:
    """Give the packages of the app that a program is made of, its own first: directory → package."""
    found: dict[str, Package] = {}
    waiting = [main]
    while waiting and len(found) < _MOST_PACKAGES:
        directory = waiting.pop(0)
        name = directory.relative_to(app_dir).as_posix()
        if name in found or not directory.is_dir():
            continue
        package = found[name] = read_package(directory, app_dir)
        waiting += [
            app_dir / one.removeprefix(module).strip("/")
            for one in sorted(package.imports)
            if one == module or one.startswith(f"{module}/")
        ]
    return found


def imports_of(packages: Mapping[str, Package]) -> frozenset[str]:
    """Give everything that packages import."""
    return frozenset(one for package in packages.values() for one in package.imports)


def _add(package: Package, file: str, tokens: Tokens) -> None:
    for at in range(len(tokens)):
        if is_name(tokens, at, "package") and is_name(tokens, at + 1):
            package.name = package.name or tokens[at + 1].text
            break
    package.files[file] = tokens
    package.imports |= set(_imports(tokens))
    for name, value in _assignments(tokens):
        package.values.setdefault(name, []).append(value)


def _imports(tokens: Tokens) -> Iterator[str]:
    at = 0
    while at < len(tokens):
        if is_name(tokens, at, "func"):
            return  # imports stand before everything else
        if is_name(tokens, at, "import"):
            if is_sign(tokens, at + 1, "("):
                at += 2
                while at < len(tokens) and not is_sign(tokens, at, ")"):
                    if tokens[at].kind is Kind.STRING:
                        yield tokens[at].text
                    at += 1
            else:
                yield from (one.text for one in tokens[at + 1 : at + 3] if one.kind is Kind.STRING)
        at += 1


def _assignments(tokens: Tokens) -> Iterator[tuple[str, Tokens]]:
    """Give each simple ``name = …``, ``name := …`` and ``name type = …`` with the tokens that follow."""
    for at, token in enumerate(tokens):
        if token.kind is not Kind.SIGN or token.text not in {"=", ":="} or at == 0:
            continue
        if is_sign(tokens, at + 1, "=") or (tokens[at - 1].kind is Kind.SIGN and tokens[at - 1].text in "=!<>+-*/"):
            continue  # a comparison, or an operation
        name = at - 1
        # "port string = …": the type stands between, on the same line.
        if token.text == "=" and is_name(tokens, name) and is_name(tokens, name - 1):
            name -= 1 if tokens[name - 1].text not in {"const", "var"} and tokens[name - 1].line == token.line else 0
        if is_name(tokens, name):
            yield tokens[name].text, tokens[at + 1 : at + 1 + _LONGEST_VALUE]


_LONGEST_VALUE = 120  # tokens; what is longer is no address


def _dotted(tokens: Tokens, at: int) -> str:
    names = [tokens[at].text]
    while is_sign(tokens, at - 1, "."):
        names.insert(0, tokens[at - 2].text if is_name(tokens, at - 2) else "")
        if not is_name(tokens, at - 2):
            break
        at -= 2
    return ".".join(names)


def _is_readable(file: Path) -> bool:
    return file.is_file() and file.stat().st_size <= _MOST_BYTES
