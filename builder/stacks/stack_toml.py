"""``stack.toml``: the declaration of a pair of base images, as typed values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builder.errors import StackNotFoundError
from lifecycle_py.spec.toml_file import Table, read_toml

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")  # Debian policy 5.6.1
_STACK_ID = re.compile(r"[A-Za-z0-9./-]+")  # platform.md "Stack ID"
_LOCALE = re.compile(r"[A-Za-z_]+\.[A-Za-z0-9-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class StackUser:
    """The user that builds and runs applications; never root."""

    name: str
    uid: int
    gid: int
    home: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """A declared pair of base images.

    ``build_packages`` come on top of ``run_packages``. ``mirrors`` are archive addresses or whole ``deb`` lines; empty
    means what mmdebstrap uses for the suite, with its security updates.
    """

    id: str
    suite: str
    distro_name: str
    distro_version: str
    user: StackUser
    run_packages: tuple[str, ...]
    build_packages: tuple[str, ...]
    locales: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    mirrors: tuple[str, ...] = ()
    homepage: str = ""
    maintainer: str = ""
    description: str = ""

    @property
    def short_name(self) -> str:
        """Give the last part of the id, for references and messages."""
        return self.id.rpartition(".")[2]


_STACKS = Path(__file__).parent
DEBIAN_13 = _STACKS / "debian-13" / "stack.toml"


def load_stack(name: str) -> Stack:
    """Read a stack this project brings, or one from a directory.

    Raises:
        StackNotFoundError: there is none of that name.
    """
    for directory in (_STACKS / name, Path(name)):
        if (directory / "stack.toml").is_file():
            return read_stack(directory / "stack.toml")
    raise StackNotFoundError(name=name, known=tuple(sorted(file.parent.name for file in _STACKS.glob("*/stack.toml"))))


def read_stack(file: Path = DEBIAN_13) -> Stack:
    """Read a declaration.

    Raises:
        TomlUnreadableError: the file cannot be read.
        TomlSyntaxError: the file is not TOML.
        TomlValueError: a key is unknown, missing or holds an impossible value.
    """
    return parse_stack(read_toml(file))


def parse_stack(table: Table) -> Stack:
    """Turn the document into values."""
    table.only(
        *("id", "suite", "homepage", "maintainer", "description", "locales", "mirrors"),
        *("distro", "user", "env", "run", "build"),
    )
    distro, run, build = table.table("distro"), table.table("run"), table.table("build")
    distro.only("name", "version")
    run.only("packages")
    build.only("packages")
    return Stack(
        id=_matching(table, "id", _STACK_ID, "letters, digits, '.', '/' and '-'"),
        suite=table.text("suite"),
        distro_name=distro.text("name"),
        distro_version=distro.text("version"),
        user=_user(table.table("user")),
        run_packages=_packages(run),
        build_packages=_packages(build),
        locales=_all_matching(table, "locales", _LOCALE, "such as en_US.UTF-8"),
        env=_env(table.table("env")),
        mirrors=table.texts("mirrors"),
        homepage=table.text("homepage", ""),
        maintainer=table.text("maintainer", ""),
        description=table.text("description", ""),
    )


def _user(table: Table) -> StackUser:
    table.only("name", "uid", "gid", "home")
    user = StackUser(
        name=_matching(table, "name", re.compile(r"[a-z_][a-z0-9_-]*"), "a system user's name"),
        uid=table.integer("uid"),
        gid=table.integer("gid"),
        home=table.text("home"),
    )
    for key, right, rule in (
        ("uid", user.uid > 0, "must be above 0: applications never run as root"),
        ("gid", user.gid > 0, "must be above 0: applications never run as root"),
        ("home", user.home.startswith("/") and ":" not in user.home, "must be an absolute path without ':'"),
    ):
        if not right:
            raise table.problem(key, rule)
    return user


def _packages(table: Table) -> tuple[str, ...]:
    packages = _all_matching(table, "packages", _PACKAGE, "names of Debian packages")
    repeated = sorted({name for name in packages if packages.count(name) > 1})
    if repeated:
        key = "packages"
        raise table.problem(key, f"named twice: {', '.join(repeated)}")
    return packages


def _env(table: Table) -> dict[str, str]:
    return {name: table.text(name) for name in table.data}


def _matching(table: Table, key: str, pattern: re.Pattern[str], rule: str) -> str:
    value = table.text(key)
    if not pattern.fullmatch(value):
        raise table.problem(key, f"'{value}' is not made of {rule}")
    return value


def _all_matching(table: Table, key: str, pattern: re.Pattern[str], rule: str) -> tuple[str, ...]:
    values = table.texts(key)
    for value in values:
        if not pattern.fullmatch(value):
            raise table.problem(key, f"'{value}' is not allowed here; expected {rule}")
    return values
