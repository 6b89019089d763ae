"""package.json, as far as a build has to know it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from buildpacks.nodejs.errors import InvalidPackageJsonError, InvalidPackageManagerError

PACKAGE_JSON = "package.json"
_MANAGER = re.compile(
    r"(?P<name>npm|yarn|pnpm)@(?P<version>\d+\.\d+\.\d+[\w.-]*)(?:\+(?P<algorithm>sha\d+)\.(?P<digest>[0-9a-f]+))?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PinnedManager:
    """What the field ``packageManager`` names; ``digest`` is of the manager's tarball, or empty."""

    name: str
    version: str
    algorithm: str = ""
    digest: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageJson:
    """The fields of package.json that decide about a build."""

    engines: Mapping[str, str] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)
    manager: PinnedManager | None = None
    has_workspaces: bool = False
    has_local_packages: bool = False
    has_development_packages: bool = False


def parse_package_json(text: str) -> PackageJson:
    """Read it.

    Raises:
        InvalidPackageJsonError: it is no JSON object, or a field has another form than npm's.
        InvalidPackageManagerError: ``packageManager`` is no manager with its exact version.
    """
    try:
        table = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        raise InvalidPackageJsonError(line=line, problem=getattr(error, "msg", str(error))) from None
    if not isinstance(table, dict):
        raise InvalidPackageJsonError(line=1, problem="it is not an object ({ … })")
    packages = {
        **_texts(table, "dependencies"),
        **_texts(table, "optionalDependencies"),
        **_texts(table, "devDependencies"),
    }
    return PackageJson(
        engines=_texts(table, "engines"),
        scripts=_texts(table, "scripts"),
        manager=_manager(table.get("packageManager")),
        has_workspaces=bool(table.get("workspaces")),
        has_local_packages=any(
            value.startswith(("file:", "link:", "workspace:", "portal:")) for value in packages.values()
        ),
        has_development_packages=bool(table.get("devDependencies")),
    )


def _texts(table: Mapping[str, object], name: str) -> Mapping[str, str]:
    value = table.get(name) or {}
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise InvalidPackageJsonError(line=0, problem=f"'{name}' is not an object of texts")
    return value


def _manager(value: object) -> PinnedManager | None:
    if not value:
        return None
    found = _MANAGER.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise InvalidPackageManagerError(value=str(value))
    return PinnedManager(
        name=found["name"],
        version=found["version"],
        algorithm=found["algorithm"] or "",
        digest=found["digest"] or "",
    )
