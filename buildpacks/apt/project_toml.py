"""The table ``[com.heroku.buildpacks.deb-packages]`` of project.toml, as Heroku's cloud native buildpack reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from buildpacks.apt.repositories import check
from buildpacks.apt.wanted import (
    NotUnderstoodError,
    PackageFile,
    PackageRequest,
    Repository,
    Wanted,
    parse_file,
    parse_package,
)
from buildpacks.sdk import Table, read_toml_if_present

PROJECT_TOML = "project.toml"
TABLE = "com.heroku.buildpacks.deb-packages"


def find_table(app_dir: Path) -> Table | None:
    """Give the table, or None when project.toml has none.

    Raises:
        TomlUnreadableError, TomlSyntaxError, TomlValueError: project.toml cannot be read.
    """
    *parents, name = TABLE.split(".")
    table = read_toml_if_present(app_dir / PROJECT_TOML)
    for key in parents:
        table = table.table(key)
    return table.table(name) if name in table else None


def parse_table(table: Table) -> Wanted:
    """Read the table.

    Raises:
        TomlValueError: a value is not what it stands for; names the key.
    """
    table.only("install", "download", "sources")
    return Wanted() + Wanted(
        packages=tuple(_packages(table)),
        files=tuple(_files(table)),
        repositories=tuple(_repository(source) for source in table.tables("sources")),
    )


def _packages(table: Table) -> Iterator[PackageRequest]:
    for item, origin in _items(table, "install"):
        if isinstance(item, str):
            item = Table({"name": item}, table.file, origin)  # noqa: PLW2901 - the short form of the same
        item.only("name", "skip_dependencies", "force")
        name = item.text("name")
        try:
            yield parse_package(
                name,
                PROJECT_TOML,
                skip_dependencies=item.boolean("skip_dependencies"),
                force=item.boolean("force"),
            )
        except NotUnderstoodError as error:
            raise table.problem("install", f"'{name}': {error}") from None


def _files(table: Table) -> Iterator[PackageFile]:
    for item, origin in _items(table, "download"):
        if isinstance(item, str):
            item = Table({"url": item}, table.file, origin)  # noqa: PLW2901 - the short form of the same
        item.only("url", "sha256")
        url = item.text("url")
        try:
            yield parse_file(url, PROJECT_TOML, item.text("sha256", ""))
        except NotUnderstoodError as error:
            raise table.problem("download", f"'{url}': {error}") from None


def _repository(table: Table) -> Repository:
    table.only("uri", "suites", "components", "arch", "signed_by")
    repository = Repository(
        uri=table.text("uri"),
        suites=table.texts("suites"),
        components=table.texts("components"),
        architectures=table.texts("arch"),
        signed_by=table.text("signed_by", ""),
        origin=PROJECT_TOML,
    )
    if not repository.suites:
        raise table.problem("suites", 'missing; expected an array of strings, such as ["trixie"]')
    try:
        return check(repository)
    except NotUnderstoodError as error:
        raise table.problem("uri", str(error)) from None


def _items(table: Table, key: str) -> Iterator[tuple[str | Table, str]]:
    """Give the items of an array in which each is a text or a table, with the key that names it."""
    values = table.data.get(key, [])
    if not isinstance(values, list):
        raise table.problem(key, "expected an array")
    for number, value in enumerate(values):
        place = f"{TABLE}.{key}[{number}]"
        if isinstance(value, dict):
            yield Table(value, table.file, place), place
        elif isinstance(value, str):
            yield value, place
        else:
            raise table.problem(key, f"expected texts and tables, found {value!r}")
