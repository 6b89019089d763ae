"""What a sandbox is told of its host: name servers, host names, CA bundle and proxies; nothing else crosses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from builder.build.executor import Mount, Network

CA_BUNDLE_INSIDE = PurePosixPath("/run/offramp/ca-certificates.crt")

# One variable per family of programs: OpenSSL, pip, requests, curl, Node.js, git.
CA_VARIABLES = (
    "SSL_CERT_FILE",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
)

# Where the distributions keep theirs: Debian, Fedora and RHEL, openSUSE, Alpine.
_CA_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)

_PROXY_VARIABLES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")


@dataclass(frozen=True, kw_only=True, slots=True)
class HostPassage:
    """The host facts a sandbox gets. ``files`` maps a path inside to the content to show there."""

    files: Mapping[PurePosixPath, bytes] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


def find_ca_bundle(environ: Mapping[str, str]) -> Path | None:
    """Find the certificates this host trusts: the one named by SSL_CERT_FILE, else the distribution's."""
    named = environ.get("SSL_CERT_FILE")
    candidates = (named, *_CA_BUNDLES) if named else _CA_BUNDLES
    return next((Path(candidate) for candidate in candidates if Path(candidate).is_file()), None)


def proxy_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the proxy settings in both spellings, since curl reads only lower and Go prefers upper case."""
    proxies: dict[str, str] = {}
    for name in _PROXY_VARIABLES:
        value = environ.get(name) or environ.get(name.upper())
        if value:
            proxies |= {name: value, name.upper(): value}
    return proxies


def network_passage(network: Network, host_name: str) -> HostPassage:
    """Read what name resolution needs; an own ``hosts`` file makes the sandbox's own host name resolvable."""
    own = f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {host_name}\n".encode()
    hosts = PurePosixPath("/etc/hosts")
    if network is Network.NONE:
        return HostPassage(files={hosts: own})
    files = {hosts: own + _read_or_empty(Path("/etc/hosts"))}
    files[PurePosixPath("/etc/resolv.conf")] = _read_or_empty(Path("/etc/resolv.conf"))
    return HostPassage(files=files)


def build_passage(network: Network, host_name: str, environ: Mapping[str, str]) -> HostPassage:
    """Read everything a build needs to download: name resolution, the CA bundle and the proxies."""
    resolution = network_passage(network, host_name)
    bundle = find_ca_bundle(environ)
    if bundle is None:
        return HostPassage(files=resolution.files, env=proxy_variables(environ))
    trusted = dict.fromkeys(CA_VARIABLES, str(CA_BUNDLE_INSIDE))
    return HostPassage(
        files={**resolution.files, CA_BUNDLE_INSIDE: bundle.read_bytes()},
        env={**proxy_variables(environ), **trusted},
    )


def write_passage(passage: HostPassage, directory: Path) -> tuple[Mount, ...]:
    """Write the files into ``directory`` and give their read-only mounts.

    Copies, not the originals: those may be links, or lie where the sandbox's owner on the host may not look.
    """
    mounts = []
    for target, content in passage.files.items():
        copy = directory / target.name
        copy.write_bytes(content)
        copy.chmod(0o644)
        mounts.append(Mount(source=copy, target=target))
    return tuple(mounts)


def _read_or_empty(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # a host without one has no names to pass on
        return b""
