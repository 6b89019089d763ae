"""Files of an npm registry: where it is, what it says of a version, and whether a file is what it has to be."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from buildpacks.nodejs.errors import IntegrityError, UnknownPackageVersionError
from buildpacks.sdk import BuildContext, DownloadNotFoundError, download_checked, fetch, read_text_if_present, unpack

REGISTRY = "OFFRAMP_NODE_REGISTRY"
_HOME = "https://registry.npmjs.org"
_BLOCK = 1 << 20


def registry_of(context: BuildContext) -> str:
    """Give the registry's address: our setting, npm's own setting, the app's .npmrc, or npm's registry."""
    settings = context.user_env
    named = (settings.get(name, "").strip() for name in (REGISTRY, "NPM_CONFIG_REGISTRY", "npm_config_registry"))
    return (next(filter(None, named), "") or _of_npmrc(context.app_dir) or _HOME).rstrip("/")


def parse_npmrc(text: str) -> Mapping[str, str]:
    """Read ``.npmrc``: lines ``key=value``, comments with ``#`` and ``;``. Pure."""
    settings = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith(("#", ";")):
            settings[key.strip()] = value.strip().strip("\"'")
    return settings


def _of_npmrc(app_dir: Path) -> str:
    address = parse_npmrc(read_text_if_present(app_dir / ".npmrc") or "").get("registry", "")
    return "" if "${" in address else address  # a variable of it is npm's to fill in


def tarball_url(registry: str, package: str, version: str) -> str:
    """Give the address of a package's tarball, as every registry has it."""
    return f"{registry}/{package}/-/{package.rpartition('/')[2]}-{version}.tgz"


def integrity_of(registry: str, package: str, version: str) -> str:
    """Ask the registry for the integrity of a version.

    Raises:
        UnknownPackageVersionError: the registry has no such version, or does not say its integrity.
    """
    try:
        table = json.loads(fetch(f"{registry}/{package.replace('/', '%2F')}/{version}"))
        integrity = table["dist"]["integrity"]
    except DownloadNotFoundError as error:
        raise UnknownPackageVersionError(package=package, version=version, registry=error.url) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UnknownPackageVersionError(package=package, version=version, registry=registry) from error
    return str(integrity)


def install_package(registry: str, package: str, version: str, integrity: str, to: Path) -> None:
    """Download a package, verify it, and unpack it so that its files lie in ``to``.

    Raises:
        IntegrityError: it is another file; nothing was unpacked.
        UnknownPackageVersionError: the registry does not have it.
    """
    url = tarball_url(registry, package, version)
    with tempfile.TemporaryDirectory() as directory:
        try:
            file = download_checked(
                url, Path(directory) / "package.tgz", lambda file, _digest: check_integrity(file, integrity, url)
            )
        except DownloadNotFoundError as error:
            raise UnknownPackageVersionError(package=package, version=version, registry=registry) from error
        unpack(file, to, strip_components=1)


def check_integrity(file: Path, integrity: str, url: str) -> None:
    """Compare a file with its integrity: ``sha512-BASE64``, as registries have it, or Corepack's ``sha512.HEX``.

    Raises:
        IntegrityError: it is another file, or no known algorithm is named.
    """
    import hashlib

    algorithm, expected = _parse_integrity(integrity)
    if algorithm not in {"sha1", "sha224", "sha256", "sha384", "sha512"} or not expected:
        raise IntegrityError(url=url, expected=integrity, actual="nothing that can be compared")
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    if digest.digest() != expected:
        actual = f"{algorithm}-{base64.b64encode(digest.digest()).decode()}"
        raise IntegrityError(url=url, expected=integrity, actual=actual)


def _parse_integrity(text: str) -> tuple[str, bytes]:
    algorithm, dash, encoded = text.partition("-")
    try:
        if dash:
            return algorithm, base64.b64decode(encoded.split("?")[0], validate=True)
        algorithm, _, digits = text.partition(".")
        return algorithm, bytes.fromhex(digits)
    except ValueError:
        return algorithm, b""
