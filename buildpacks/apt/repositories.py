"""Repositories: apt's one-line form read, what could weaken apt's checks refused, and the form apt is given written.

Apt trusts whatever a line tells it to trust. An app's list must not switch that off, so only options that narrow
down are known here; ``trusted=yes`` and its like are refused.
"""

from __future__ import annotations

import re

from buildpacks.apt.wanted import NotUnderstoodError, Repository

_LINE = re.compile(r"(?P<type>\S+)\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>.*)")
_URI = re.compile(r"(https?://|file:/)[A-Za-z0-9._~%/:@+=-]+")
_SUITE = re.compile(r"(?!.*\.\.)[A-Za-z0-9./_~+-]+")
_COMPONENT = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9./_+-]*")
_ARCHITECTURE = re.compile(r"[a-z0-9-]+")
_KEY = re.compile(r"(?!.*\.\.)[A-Za-z0-9._/+-]+")
ARMOURED = "-----BEGIN PGP PUBLIC KEY BLOCK-----"


def parse_line(text: str, origin: str) -> Repository:
    """Read ``deb [options] uri suite component…``.

    Raises:
        NotUnderstoodError: it has another form, or an option that is not supported.
    """
    found = _LINE.fullmatch(text.strip())
    if found is None:
        raise NotUnderstoodError("expected 'deb https://host/path suite component'")
    if found["type"] != "deb":
        raise NotUnderstoodError(f"expected 'deb', not '{found['type']}': only binary packages are installed")
    options = dict(_option(word) for word in (found["options"] or "").split())
    return check(
        Repository(
            uri=found["uri"],
            suites=(found["suite"],),
            components=tuple(found["components"].split()),
            architectures=tuple(filter(None, options.get("arch", "").split(","))),
            signed_by=options.get("signed-by", ""),
            check_valid_until=options.get("check-valid-until", "yes") != "no",
            origin=origin,
        )
    )


def check(repository: Repository) -> Repository:
    """Give the repository if every part is what it stands for.

    Raises:
        NotUnderstoodError: a part is not.
    """
    if not _URI.fullmatch(repository.uri):
        raise NotUnderstoodError(f"'{repository.uri}' is no address apt reads here; use https://, http:// or file:/")
    for suite in repository.suites:
        if not _SUITE.fullmatch(suite):
            raise NotUnderstoodError(f"'{suite}' is no suite, such as 'trixie'")
    for component in repository.components:
        if not _COMPONENT.fullmatch(component):
            raise NotUnderstoodError(f"'{component}' is no component, such as 'main'")
    for architecture in repository.architectures:
        if not _ARCHITECTURE.fullmatch(architecture):
            raise NotUnderstoodError(f"'{architecture}' is no architecture, such as 'amd64'")
    if not all(suite.endswith("/") for suite in repository.suites) and not repository.components:
        raise NotUnderstoodError("after the suite, a component has to follow, such as 'main'")
    if ARMOURED not in repository.signed_by and repository.signed_by and not _KEY.fullmatch(repository.signed_by):
        raise NotUnderstoodError(f"'{repository.signed_by}' is neither a key nor the path of one")
    return repository


def render(repository: Repository, key_file: str) -> str:
    """Write a repository as a stanza of a ``.sources`` file; ``key_file`` is where its key is, or empty."""
    fields = {
        "Types": "deb",
        "URIs": repository.uri,
        "Suites": " ".join(repository.suites),
        "Components": " ".join(repository.components),
        "Architectures": " ".join(repository.architectures),
        "Signed-By": key_file,
        "Check-Valid-Until": "" if repository.check_valid_until else "no",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def _option(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    if name not in {"arch", "signed-by", "check-valid-until"}:
        raise NotUnderstoodError(
            f"the option '{name}' is not supported: a repository is always checked. "
            "Supported are 'arch', 'signed-by' (the path of its key) and 'check-valid-until'"
        )
    return name, value
