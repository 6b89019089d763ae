"""Who we are at a registry: the order in which credentials are looked for, and what was looked at."""

from __future__ import annotations

import base64
import binascii
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lifecycle_py.oci.errors import CredentialsUnusableError
from lifecycle_py.oci.registry.reference import DOCKER_HUB
from lifecycle_py.spec.json_text import parse_json

_HUB_KEY: Final = "https://index.docker.io/v1/"
_HUB_HOSTS: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_HELPER_TIMEOUT: Final = 60  # seconds; some ask a person for a fingerprint

RunHelper = Callable[[str, str], subprocess.CompletedProcess[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """A user with a password, an identity token to trade for access, or a registry's own token."""

    username: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

    def __repr__(self) -> str:
        """Give no secret away."""
        return f"Credentials(username={self.username!r}, …)"

    @property
    def basic(self) -> str:
        """Give the value of an Authorization header, empty when there is no password."""
        if not self.username and not self.password:
            return ""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookup:
    """What a search gave: credentials or None (anonymous), and each place looked at with what it had."""

    credentials: Credentials | None
    places: tuple[str, ...]


def run_helper(program: str, host: str) -> subprocess.CompletedProcess[str]:
    """Ask a credential helper. Raises OSError or subprocess.SubprocessError when it cannot be run."""
    return subprocess.run(
        [program, "get"], input=host, capture_output=True, text=True, check=False, timeout=_HELPER_TIMEOUT
    )


class Keychain:
    """Finds credentials: ``CNB_REGISTRY_AUTH``, Docker's configuration, Podman's, and else none."""

    def __init__(self, environ: Mapping[str, str], run: RunHelper = run_helper) -> None:
        """Look through these variables; nothing is read before the first ``find``."""
        self._environ = environ
        self._run = run

    def find(self, host: str, repository: str) -> Lookup:
        """Look for the credentials of a repository.

        Raises:
            CredentialsUnusableError: a place has something that cannot be read.
        """
        places: list[str] = []
        credentials = self._from_variable(host, repository, places)
        for file in self._files():
            if credentials is None:
                credentials = self._from_file(file, host, repository, places)
        return Lookup(credentials=credentials, places=tuple(places))

    def _files(self) -> list[Path]:
        environ = self._environ
        home = Path(environ.get("HOME") or "/")
        files = [Path(environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json"]
        if environ.get("REGISTRY_AUTH_FILE"):
            return [*files, Path(environ["REGISTRY_AUTH_FILE"])]
        if environ.get("XDG_RUNTIME_DIR"):
            files.append(Path(environ["XDG_RUNTIME_DIR"], "containers", "auth.json"))
        config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        return [*files, config / "containers" / "auth.json"]

    def _from_variable(self, host: str, repository: str, places: list[str]) -> Credentials | None:
        text = self._environ.get("CNB_REGISTRY_AUTH", "")
        if not text:
            places.append("CNB_REGISTRY_AUTH: not set")
            return None
        try:
            table = {str(key): str(value) for key, value in parse_json(text).items()}
            header = _best(table, host, repository)
            credentials = _from_header(header) if header else None
        except (ValueError, AttributeError) as error:
            # The error's words could quote the secret.
            raise CredentialsUnusableError(place="CNB_REGISTRY_AUTH", problem="it is not JSON of headers") from error
        places.append(f"CNB_REGISTRY_AUTH: {_described(credentials, host)}")
        return credentials

    def _from_file(self, file: Path, host: str, repository: str, places: list[str]) -> Credentials | None:
        try:
            table = parse_json(file.read_bytes())
            helpers, auths = dict(table.get("credHelpers") or {}), dict(table.get("auths") or {})
            store = str(table.get("credsStore") or "")
        except (FileNotFoundError, NotADirectoryError):
            places.append(f"{file}: not there")
            return None
        except OSError as error:
            raise CredentialsUnusableError(place=str(file), problem=error.strerror or str(error)) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise CredentialsUnusableError(place=str(file), problem="it is not JSON as Docker writes it") from error
        helper = str(_best(helpers, host, "") or "") or store
        credentials = self._from_helper(helper, host, places) if helper else None
        if credentials is None:
            try:
                credentials = _from_entry(_best(auths, host, repository))
            except (ValueError, TypeError, AttributeError) as error:
                problem = f"its entry for {host} cannot be read"
                raise CredentialsUnusableError(place=str(file), problem=problem) from error
            places.append(f"{file}: {_described(credentials, host)}")
        return credentials

    def _from_helper(self, name: str, host: str, places: list[str]) -> Credentials | None:
        """Ask a helper. One that fails is noted, not fatal: a public image needs no credentials."""
        program = f"docker-credential-{name}"
        try:
            done = self._run(program, _HUB_KEY if host == DOCKER_HUB else host)
            answer = parse_json(done.stdout) if done.returncode == 0 else {}
            username, secret = str(answer.get("Username") or ""), str(answer.get("Secret") or "")
        except FileNotFoundError:
            places.append(f"{program}: not installed")
            return None
        except (OSError, subprocess.SubprocessError, ValueError, AttributeError) as error:
            places.append(f"{program}: {type(error).__name__}")
            return None
        if done.returncode != 0:
            words = (done.stdout.strip() or done.stderr.strip()).splitlines()
            places.append(f"{program}: {words[0] if words else f'exit code {done.returncode}'}")
            return None
        credentials = None
        if username == "<token>":
            credentials = Credentials(identity_token=secret)
        elif username or secret:
            credentials = Credentials(username=username, password=secret)
        places.append(f"{program}: {_described(credentials, host)}")
        return credentials


def _from_header(header: str) -> Credentials:
    scheme, _, value = header.strip().partition(" ")
    match scheme.lower():
        case "basic":
            return _decoded(value)
        case "bearer":
            return Credentials(registry_token=value.strip())
        case "x-identity":
            return Credentials(identity_token=value.strip())
        case _:
            raise ValueError(scheme)


def _from_entry(entry: Any) -> Credentials | None:
    """Read an entry of ``auths``; an empty one, as helpers leave it, is none."""
    if not entry:
        return None
    if entry.get("identitytoken"):
        return Credentials(identity_token=str(entry["identitytoken"]))
    if entry.get("registrytoken"):
        return Credentials(registry_token=str(entry["registrytoken"]))
    if entry.get("auth"):
        return _decoded(str(entry["auth"]))
    if entry.get("username"):
        return Credentials(username=str(entry["username"]), password=str(entry.get("password") or ""))
    return None


def _decoded(value: str) -> Credentials:
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("not base64") from error
    username, colon, password = text.partition(":")
    if not colon:
        raise ValueError("no password")
    return Credentials(username=username, password=password.rstrip("\0"))


def _best(table: Mapping[str, Any], host: str, repository: str) -> Any:
    """Find the entry whose key is the longest part of ``host/repository``; keys may be URLs, as Docker writes them."""
    wanted = f"{host}/{repository}/"
    found = [(len(name), key) for key in table if wanted.startswith((name := _plain(key)) + "/")]
    return table[max(found)[1]] if found else None


def _plain(key: str) -> str:
    host, slash, path = key.removeprefix("https://").removeprefix("http://").strip("/").partition("/")
    host = DOCKER_HUB if host.lower() in _HUB_HOSTS else host.lower()
    return host if path in {"", "v1", "v2"} else f"{host}{slash}{path}"


def _described(credentials: Credentials | None, host: str) -> str:
    if credentials is None:
        return f"nothing for {host}"
    return f"user '{credentials.username}'" if credentials.username else "a token"
