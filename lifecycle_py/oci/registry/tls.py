"""Whom we trust and as whom we come: the TLS context of a host."""

from __future__ import annotations

import ssl
from pathlib import Path

from lifecycle_py.oci.errors import RegistryUnreachableError
from lifecycle_py.oci.registry.settings import RegistrySettings


def tls_context(host: str, settings: RegistrySettings) -> ssl.SSLContext:
    """Make the context for a host from ``SSL_CERT_FILE`` or the system's authorities, and its ``certs.d`` directory.

    Raises:
        RegistryUnreachableError: a certificate cannot be read.
    """
    environ = settings.environ
    try:
        context = ssl.create_default_context(
            cafile=environ.get("SSL_CERT_FILE") or None, capath=environ.get("SSL_CERT_DIR") or None
        )
        _add_certificates(context, host, settings)
    except OSError as error:  # ssl.SSLError is one
        raise RegistryUnreachableError(
            registry=host, kind="certificate", problem=f"its certificates cannot be used: {error}"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if host in settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _add_certificates(context: ssl.SSLContext, host: str, settings: RegistrySettings) -> None:
    """Add authorities (``*.crt``) and the client's certificate (``*.cert`` with ``*.key``), as Docker names them."""
    directory = next((path / host for path in settings.certificates if (path / host).is_dir()), None)
    if directory is None:
        return
    for authority in sorted(directory.glob("*.crt")):
        context.load_verify_locations(authority)
    for certificate in sorted(directory.glob("*.cert")):
        context.load_cert_chain(certificate, _existing(certificate.with_suffix(".key")))


def _existing(key: Path) -> Path:
    if not key.is_file():
        raise FileNotFoundError(2, "there is no key of this certificate", str(key))
    return key
