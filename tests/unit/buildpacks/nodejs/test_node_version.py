"""Which Node.js and which package manager an app asks for."""

from __future__ import annotations

import contextlib
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.nodejs import errors
from buildpacks.nodejs.inventory import read_node_inventory
from buildpacks.nodejs.layers.packages import _without_times
from buildpacks.nodejs.node_version import choose_node, version_warnings
from buildpacks.nodejs.package_json import PackageJson, parse_package_json
from buildpacks.nodejs.registry import check_integrity, parse_npmrc
from buildpacks.sdk.testing import BuildFailedError
from tests.support.node_app import NodeApp, Registry, integrity

LOCK = {"package-lock.json": "{}"}
YARN = "yarn install --production=false --ignore-engines --prefer-offline --non-interactive"
KEYS = ("engines", "scripts", "packageManager", "workspaces", "devDependencies", "node")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A small registry."""
    return Registry(tmp_path)


@pytest.mark.parametrize(
    ("engine", "version", "instead_of"),
    [
        ("", "24.21.0", ""),
        ("24.x", "24.21.0", ""),
        ("22", "22.23.3", ""),
        ("^22.1.0", "22.23.3", ""),
        ("22.1.0", "22.1.0", ""),
        (">=18", "24.21.0", "26.10.0"),
        ("*", "24.21.0", "26.10.0"),
        (">=20 <23", "22.23.3", ""),
        ("26.x", "26.10.0", ""),
        (">=25", "26.10.0", ""),
        ("18.x || 20.x", "20.20.2", ""),
    ],
)
def test_ranges(registry: Registry, engine: str, version: str, instead_of: str) -> None:
    """The newest release that fits; a range without an end stops at the recommended line, if anything fits there."""
    chosen = choose_node(engine, registry.inventory, "amd64")

    assert (str(chosen.version), chosen.instead_of) == (version, instead_of)


def test_range_nobody_released(registry: Registry) -> None:
    """The error names the nearest releases."""
    with pytest.raises(errors.NodeDoesNotExistError) as failed:
        choose_node("24.99.0", registry.inventory, "amd64")

    assert failed.value.nearest == ("24.21.0", "24.1.0", "23.1.0")


def test_text_that_is_no_range(registry: Registry) -> None:
    """The error gives examples."""
    with pytest.raises(errors.InvalidEngineError):
        choose_node("newest please", registry.inventory, "amd64")


@pytest.mark.parametrize(
    ("engine", "today", "expected"),
    [
        ("18.x", date(2026, 1, 1), "Node.js 18 gets no security fixes since April 2025"),
        ("22.x", date(2027, 1, 1), "Node.js 22 gets its last security fixes in April 2027"),
        ("23.x", date(2026, 1, 1), "Node.js 23 gets no security fixes any more"),
        ("24.x", date(2026, 1, 1), ""),
    ],
)
def test_warnings(registry: Registry, engine: str, today: date, expected: str) -> None:
    """Lines that end, have ended, or never were for production."""
    version = choose_node(engine, registry.inventory, "amd64").version

    assert "".join(what for what, _advice in version_warnings(version, registry.inventory, today)) == expected


def test_real_inventory_is_whole() -> None:
    """Every line has releases, and the tools that belong to it have an integrity."""
    inventory = read_node_inventory()

    for line in inventory.ends:
        version = choose_node(f"{line}.x", inventory, "amd64").version
        assert inventory.releases[version]["arm64"].startswith("sha512-")
        assert all(inventory.tool(name, version).integrity for name in ("npm", "yarn", "pnpm"))


@pytest.mark.parametrize(
    ("package", "files", "expected"),
    [
        ({}, LOCK, ["npm ci --production=false"]),
        ({}, {}, ["npm install --production=false"]),
        ({}, {"yarn.lock": ""}, [YARN.replace("false", "false --frozen-lockfile")]),
        ({"packageManager": "yarn@4.9.2"}, {"yarn.lock": "", ".yarnrc.yml": "nodeLinker: node-modules\n"},
         ["yarn install --immutable"]),
        ({}, {"pnpm-lock.yaml": ""}, ["pnpm install --prod=false --frozen-lockfile"]),
        ({"packageManager": "pnpm@10.34.9"}, {}, ["pnpm install --prod=false --no-frozen-lockfile"]),
        ({"engines": {"yarn": "1.x"}}, {}, [YARN]),
    ],
)  # fmt: skip
def test_commands(tmp_path: Path, package: dict[str, object], files: dict[str, str], expected: list[str]) -> None:
    """Each package manager runs with Heroku's options; the lock file decides which it is."""
    app = NodeApp(tmp_path, package, files)
    app.registry.publish("@yarnpkg/cli-dist", "4.9.2", "bin/yarn.js")

    app.build()

    assert app.fakes.lines == expected


def test_npm_install_by_setting(tmp_path: Path) -> None:
    """USE_NPM_INSTALL=true asks for the looser command."""
    app = NodeApp(tmp_path, {}, LOCK, user_env={"USE_NPM_INSTALL": "true"})

    app.build()

    assert app.fakes.lines == ["npm install --production=false"]


def test_manager_with_a_checksum(tmp_path: Path) -> None:
    """A packageManager with Corepack's checksum is verified by it."""
    app = NodeApp(tmp_path, {"packageManager": "pnpm@9.0.0+sha512." + "0" * 128}, {"pnpm-lock.yaml": ""})
    app.registry.publish("pnpm", "9.0.0", "bin/pnpm.cjs", "bin/pnpx.cjs")

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, errors.IntegrityError)


def test_npm_by_engine(tmp_path: Path) -> None:
    """A range that npm of the line does not satisfy is asked of the registry, once."""
    app = NodeApp(tmp_path, {"engines": {"npm": "10.x"}}, LOCK)
    app.registry.publish("npm", "10.9.0", "bin/npm-cli.js", "bin/npx-cli.js")
    listing = app.registry.directory / "npm"
    listing.rename(app.registry.directory / "npm-files")
    listing.write_text('{"versions": {"10.9.0": {}, "10.8.0": {}, "11.0.0": {}, "10.9.1-pre.1": {}}}')

    with pytest.raises(BuildFailedError) as failed:  # the listing is a file where the tarball's directory was
        app.build()

    assert "- Installing npm 10.9.0" in failed.value.output


def test_vendored_yarn(tmp_path: Path) -> None:
    """A Yarn in the app's source is used as it is."""
    files = {
        "yarn.lock": "",
        ".yarnrc.yml": "yarnPath: .yarn/releases/yarn-4.1.0.cjs\n",
        ".yarn/releases/yarn-4.1.0.cjs": "x",
    }
    app = NodeApp(tmp_path, {}, files)

    built = app.build()

    assert (built.layer("tools").path / "bin/yarn").readlink() == app.app_dir / ".yarn/releases/yarn-4.1.0.cjs"
    assert app.fakes.lines == ["yarn install --immutable"]


@pytest.mark.parametrize("path", [".yarn/releases/gone.cjs", "../../etc/passwd"])
def test_vendored_yarn_that_is_not_there(tmp_path: Path, path: str) -> None:
    """A file that is missing, or outside of the app, is an error."""
    app = NodeApp(tmp_path, {}, {"yarn.lock": "", ".yarnrc.yml": f"yarnPath: {path}\n"})

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, errors.VendoredYarnError)


@pytest.mark.parametrize(
    ("package", "files", "expected"),
    [
        ({}, {"package-lock.json": "", "yarn.lock": ""}, errors.MultipleLockFilesError),
        ({"packageManager": "pnpm@9.0.0"}, {"yarn.lock": ""}, errors.ManagerMismatchError),
        ({"packageManager": "pnpm@latest"}, {}, errors.InvalidPackageManagerError),
        ({"engines": {"node": "lts/*"}}, LOCK, errors.InvalidEngineError),
        ({"engines": "24"}, LOCK, errors.InvalidPackageJsonError),
    ],
)
def test_bad_input(
    tmp_path: Path, package: dict[str, object], files: dict[str, str], expected: type[Exception]
) -> None:
    """What is wrong with the files is found before anything is installed."""
    app = NodeApp(tmp_path, package, files)

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, expected)
    assert app.fakes.commands == []


def test_package_json_that_is_no_json() -> None:
    """The error names the line."""
    with pytest.raises(errors.InvalidPackageJsonError) as failed:
        parse_package_json('{\n  "name": "x",\n}')

    assert failed.value.line == 3


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.sampled_from(KEYS), one),
    )
)
def test_any_json_is_read_or_refused_in_words(value: object) -> None:
    """No JSON makes the parser fail otherwise."""
    with contextlib.suppress(errors.InvalidPackageJsonError, errors.InvalidPackageManagerError):
        assert isinstance(parse_package_json(json.dumps(value)), PackageJson)


def test_npmrc() -> None:
    """Comments and odd lines are passed over."""
    text = '; c\n# c\nregistry = "https://npm.example/"\n//npm.example/:_authToken=${NPM_TOKEN}\nodd\n'

    assert parse_npmrc(text) == {"registry": "https://npm.example/", "//npm.example/:_authToken": "${NPM_TOKEN}"}


@pytest.mark.parametrize("form", ["sha512-!", "md5-AAAA", "sha512.zz", "", "sha256-"])
def test_integrity_of_no_known_form(tmp_path: Path, form: str) -> None:
    """What cannot be compared is refused."""
    (tmp_path / "file").write_bytes(b"x")

    with pytest.raises(errors.IntegrityError):
        check_integrity(tmp_path / "file", form, "https://npm.example/x")


def test_integrity(tmp_path: Path) -> None:
    """The right one passes, in both forms."""
    import hashlib

    (tmp_path / "file").write_bytes(b"x")

    check_integrity(tmp_path / "file", integrity(b"x"), "")
    check_integrity(tmp_path / "file", f"sha224.{hashlib.sha224(b'x').hexdigest()}", "")


def test_pnpm_s_notes_lose_the_time_of_the_build() -> None:
    """In either of the forms pnpm writes."""
    as_json = b'{\n  "prunedAt": "Wed, 25 Nov 2026 06:51:31 GMT",\n  "skipped": []\n}'
    as_yaml = b"prunedAt: Wed, 25 Nov 2026 06:51:31 GMT\nskipped: []\n"

    assert _without_times(as_json) == b'{\n  "prunedAt": "Tue, 01 Jan 1980 00:00:01 GMT",\n  "skipped": []\n}'
    assert _without_times(as_yaml) == b"prunedAt: Tue, 01 Jan 1980 00:00:01 GMT\nskipped: []\n"
