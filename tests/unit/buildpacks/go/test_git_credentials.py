"""Credentials as git itself sees them."""

from __future__ import annotations

import os
import subprocess

import pytest

from buildpacks.go.git_credentials import git_settings, hosts


def _ask_git(host: str, variables: dict[str, str]) -> dict[str, str]:
    """Ask the real git what it would log in with; nobody is there to type anything."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1",
        **variables,
    }  # fmt: skip
    question = f"protocol=https\nhost={host}\n\n"
    done = subprocess.run(
        ["git", "credential", "fill"], input=question, env={**environment, **git_settings(variables)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("name", "value", "host", "expected"),
    [
        ("GO_GIT_CRED__HTTPS__GITHUB__COM", "a-token", "github.com", ("x-access-token", "a-token")),
        ("GO_GIT_CRED__HTTPS__GITHUB__COM", "me:pass:word", "github.com", ("me", "pass:word")),
        (
            "GO_GIT_CRED__HTTPS__GIT__CORP__EXAMPLE__COM",
            "me:it's $HOME `x` %s",
            "git.corp.example.com",
            ("me", "it's $HOME `x` %s"),
        ),
    ],
)
def test_git_is_answered(name: str, value: str, host: str, expected: tuple[str, str]) -> None:
    """Every dot of the host is understood, and no character of a password is lost or run."""
    answer = _ask_git(host, {name: value})

    assert expected == (answer["username"], answer["password"])


def test_other_hosts_get_nothing() -> None:
    """A credential is for its own host alone."""
    assert "password" not in _ask_git("gitlab.com", {"GO_GIT_CRED__HTTPS__GITHUB__COM": "a-token"})


def test_the_user_s_own_git_settings_stay() -> None:
    """What the user configures for git in the same way is still there, and comes first."""
    settings = git_settings(
        {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "a.b",
            "GO_GIT_CRED__HTTPS__A__B": "t",
            "GO_GIT_CRED__HTTPS__C__D": "u",
        }
    )

    assert "3" == settings["GIT_CONFIG_COUNT"]
    assert "credential.https://a.b.helper" == settings["GIT_CONFIG_KEY_1"]
    assert "credential.https://c.d.helper" == settings["GIT_CONFIG_KEY_2"]


def test_no_credentials_no_settings() -> None:
    """Without credentials git is left alone."""
    assert ({}, []) == (git_settings({"GOPRIVATE": "x"}), hosts({"GOPRIVATE": "x"}))
