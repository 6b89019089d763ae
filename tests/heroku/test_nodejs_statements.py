"""Heroku's statement about Node.js."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.nodejs import errors
from buildpacks.sdk.testing import BuildFailedError
from tests.support.node_app import NodeApp

SCRIPTS = {"heroku-prebuild": "a", "build": "b", "heroku-postbuild": "c", "heroku-cleanup": "d"}
LOCK = {"package-lock.json": "{}"}


def test_statement_62_several_lock_files_are_an_error(tmp_path: Path) -> None:
    """They are named, and nothing is installed."""
    app = NodeApp(tmp_path, {}, {"package-lock.json": "{}", "yarn.lock": "", "pnpm-lock.yaml": ""})

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, errors.MultipleLockFilesError)
    assert "package-lock.json, yarn.lock, pnpm-lock.yaml" in failed.value.output
    assert app.fakes.commands == []


def test_statement_62_npm_ci_with_a_lock(tmp_path: Path) -> None:
    """The lock file is obeyed exactly."""
    app = NodeApp(tmp_path, {}, LOCK)

    app.build()

    assert app.fakes.lines == ["npm ci --production=false"]


def test_statement_62_scripts_run_in_heroku_s_order(tmp_path: Path) -> None:
    """Before the installation, after it, and when packages for development are gone; never both build scripts."""
    app = NodeApp(tmp_path, {"scripts": SCRIPTS, "devDependencies": {"for-development": "1"}}, LOCK)

    app.build()

    assert app.fakes.lines == [
        "npm run heroku-prebuild",
        "npm ci --production=false",
        "npm run heroku-postbuild",
        "npm prune --omit=dev --ignore-scripts",
        "npm run heroku-cleanup",
    ]


def test_statement_62_build_runs_where_there_is_no_postbuild(tmp_path: Path) -> None:
    """The usual name of such a script."""
    app = NodeApp(tmp_path, {"scripts": {"build": "b"}}, LOCK)

    app.build()

    assert app.fakes.lines == ["npm ci --production=false", "npm run build"]


def test_statement_62_by_the_newer_rules_both_run(tmp_path: Path) -> None:
    """OFFRAMP_NODEJS_RULES=cnb runs heroku-build or build, then heroku-postbuild."""
    app = NodeApp(tmp_path, {"scripts": SCRIPTS}, LOCK, user_env={"OFFRAMP_NODEJS_RULES": "cnb"})

    app.build()

    assert app.fakes.lines[2:4] == ["npm run build", "npm run heroku-postbuild"]
