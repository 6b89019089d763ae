"""Where credentials are looked for, and what they are."""

# ruff: noqa: S106 - no secrets but those of these tests

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest

from lifecycle_py.oci.errors import CredentialsUnusableError
from lifecycle_py.oci.registry.credentials import Credentials, Keychain, Lookup

_AUTH = base64.b64encode(b"alice:s3:cret").decode()
_ALICE = Credentials(username="alice", password="s3:cret")


def _write(file: Path, table: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(table))
    return file


def _find(environ: dict[str, str], host: str = "ghcr.io", repository: str = "team/app") -> Lookup:
    return Keychain({"HOME": "/nonexistent", **environ}).find(host, repository)


@pytest.mark.requirement("platform.registry-auth.cnb-registry-auth")
@pytest.mark.parametrize(
    ("header", "credentials"),
    [
        (f"Basic {_AUTH}", _ALICE),
        ("Bearer abc", Credentials(registry_token="abc")),
        ("X-Identity abc", Credentials(identity_token="abc")),
    ],
)
def test_the_variable_comes_first(tmp_path: Path, header: str, credentials: Credentials) -> None:
    """CNB_REGISTRY_AUTH has headers by registry."""
    _write(tmp_path / "config.json", {"auths": {"ghcr.io": {"username": "other"}}})

    found = _find({"DOCKER_CONFIG": str(tmp_path), "CNB_REGISTRY_AUTH": json.dumps({"ghcr.io": header})})

    assert credentials == found.credentials


@pytest.mark.requirement("platform.registry-auth.docker-config")
@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("ghcr.io", "ghcr.io"),
        ("ghcr.io", "https://ghcr.io"),
        ("ghcr.io", "https://ghcr.io/v1/"),
        ("ghcr.io", "ghcr.io/team"),
        ("docker.io", "https://index.docker.io/v1/"),
        ("docker.io", "docker.io"),
        ("localhost:5000", "localhost:5000"),
    ],
)
def test_keys_of_docker_s_configuration(tmp_path: Path, host: str, key: str) -> None:
    """Hosts, URLs and, as Podman has them, hosts with a path."""
    _write(tmp_path / "config.json", {"auths": {key: {"auth": _AUTH}, "else.where": {"auth": "eDp5"}}})

    assert _ALICE == _find({"DOCKER_CONFIG": str(tmp_path)}, host).credentials


def test_the_longest_key_wins_and_no_part_of_a_name_counts(tmp_path: Path) -> None:
    """``ghcr.io/team`` is not meant by ``ghcr.io/te``, nor by ``hcr.io``."""
    auths = {"ghcr.io": {"username": "general"}, "ghcr.io/te": {"username": "no"}, "ghcr.io/team": {"auth": _AUTH}}
    _write(tmp_path / "config.json", {"auths": auths})

    assert _ALICE == _find({"DOCKER_CONFIG": str(tmp_path)}).credentials
    assert None is _find({"DOCKER_CONFIG": str(tmp_path)}, "evil-ghcr.io").credentials


def test_helpers_are_asked_before_what_is_written(tmp_path: Path) -> None:
    """The helper of a host, else the store of all; ``<token>`` marks an identity token."""
    _write(
        tmp_path / "config.json",
        {"credHelpers": {"ghcr.io": "one"}, "credsStore": "two", "auths": {"ghcr.io": {}, "quay.io": {"auth": _AUTH}}},
    )
    asked = []

    def run(program: str, host: str) -> subprocess.CompletedProcess[str]:
        asked.append((program, host))
        if host == "quay.io":
            return subprocess.CompletedProcess([], 1, stdout="credentials not found in native keychain\n", stderr="")
        answer = {"ServerURL": host, "Username": "<token>", "Secret": host}
        return subprocess.CompletedProcess([], 0, stdout=json.dumps(answer), stderr="")

    keychain = Keychain({"HOME": "/nonexistent", "DOCKER_CONFIG": str(tmp_path)}, run)
    found = [keychain.find(host, "team/app").credentials for host in ("ghcr.io", "docker.io", "quay.io")]

    hub = "https://index.docker.io/v1/"
    assert [Credentials(identity_token="ghcr.io"), Credentials(identity_token=hub), _ALICE] == found
    assert [
        ("docker-credential-one", "ghcr.io"),
        ("docker-credential-two", hub),
        ("docker-credential-two", "quay.io"),
    ] == asked


def test_a_real_helper_gets_the_host_on_its_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocol of Docker's helpers."""
    helper = tmp_path / "docker-credential-x"
    helper.write_text('#!/bin/sh\n[ "$1" = get ] && echo "{\\"Username\\":\\"$(cat)\\",\\"Secret\\":\\"s\\"}"\n')
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    _write(tmp_path / "config.json", {"credsStore": "x"})

    assert Credentials(username="ghcr.io", password="s") == _find({"DOCKER_CONFIG": str(tmp_path)}).credentials


def test_a_helper_that_is_missing_is_noted(tmp_path: Path) -> None:
    """Public images need none."""
    _write(tmp_path / "config.json", {"credsStore": "is-not-there"})

    found = _find({"DOCKER_CONFIG": str(tmp_path)})

    assert None is found.credentials
    assert "docker-credential-is-not-there: not installed" in found.places


def test_podman_s_files_come_after_docker_s(tmp_path: Path) -> None:
    """REGISTRY_AUTH_FILE takes the place of those of the user."""
    runtime, other = tmp_path / "run", tmp_path / "other.json"
    _write(runtime / "containers" / "auth.json", {"auths": {"ghcr.io": {"auth": _AUTH}}})
    _write(other, {"auths": {"ghcr.io": {"identitytoken": "t"}}})

    assert _ALICE == _find({"XDG_RUNTIME_DIR": str(runtime)}).credentials
    environ = {"XDG_RUNTIME_DIR": str(runtime), "REGISTRY_AUTH_FILE": str(other)}
    assert Credentials(identity_token="t") == _find(environ).credentials


@pytest.mark.requirement("platform.registry-auth.anonymous")
def test_without_any_the_places_are_told() -> None:
    """In the order they were looked at."""
    found = _find({"XDG_RUNTIME_DIR": "/run/user/7"})

    assert None is found.credentials
    assert (
        "CNB_REGISTRY_AUTH: not set",
        "/nonexistent/.docker/config.json: not there",
        "/run/user/7/containers/auth.json: not there",
        "/nonexistent/.config/containers/auth.json: not there",
    ) == found.places


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "7", '{"auths": 7}', '{"auths": {"ghcr.io": {"auth": "%"}}}', '{"auths": {"ghcr.io": [1]}}']
)
def test_a_file_that_is_damaged_is_told_without_its_contents(tmp_path: Path, text: str) -> None:
    """Not taken for one without credentials."""
    (tmp_path / "config.json").write_text(text)

    with pytest.raises(CredentialsUnusableError, match=r"config\.json"):
        _find({"DOCKER_CONFIG": str(tmp_path)})


@pytest.mark.requirement("platform.registry-auth.valid-json")
@pytest.mark.parametrize("text", ["{", "[]", '{"ghcr.io": "Basic s3cret!"}', '{"ghcr.io": "Digest s3cret"}'])
def test_a_variable_that_is_damaged_is_told_without_its_contents(text: str) -> None:
    """It goes to logs."""
    with pytest.raises(CredentialsUnusableError) as error:
        _find({"CNB_REGISTRY_AUTH": text})

    assert "s3cret" not in str(error.value)


def test_a_secret_is_not_shown() -> None:
    """Not even by accident, in a traceback."""
    assert "s3:cret" not in repr(_ALICE)
    assert "abc" not in repr(Credentials(identity_token="abc", registry_token="abc"))
