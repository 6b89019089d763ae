"""What the app will find where it runs: the package status of the run image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from buildpacks.sdk import read_text_if_present, sha256_of

_OF_RUN_IMAGE = "usr/share/offramp/run-image/status"
_OF_BUILD_IMAGE = "var/lib/dpkg/status"


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """dpkg's status: its file, whether it is really that of the run image, and the versions of what is installed."""

    file: Path
    of_run_image: bool
    digest: str
    installed: dict[str, str]


def read_status(root: Path) -> Status:
    """Read the status Offramp's build images carry of their run image; of others, the build image's own."""
    file = root / _OF_RUN_IMAGE
    text = read_text_if_present(file)
    if text is not None:
        return _status(file, text, of_run_image=True)
    file = root / _OF_BUILD_IMAGE
    return _status(file, read_text_if_present(file) or "", of_run_image=False)


def parse_installed(text: str) -> dict[str, str]:
    """Read which packages are installed: name → version."""
    stanzas = (_fields(stanza) for stanza in text.split("\n\n"))
    return {
        fields["Package"]: fields.get("Version", "")
        for fields in stanzas
        if "Package" in fields and fields.get("Status", "").endswith(" installed")
    }


def _status(file: Path, text: str, *, of_run_image: bool) -> Status:
    return Status(
        file=file, of_run_image=of_run_image, digest=sha256_of(text.encode()), installed=parse_installed(text)
    )


def _fields(stanza: str) -> dict[str, str]:
    lines = (line.partition(":") for line in stanza.splitlines() if not line.startswith((" ", "\t")))
    return {name: value.strip() for name, _, value in lines}
