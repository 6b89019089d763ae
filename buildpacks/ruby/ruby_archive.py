"""Ruby from an archive that somebody compiled before: a team's own, or Heroku's.

OFFRAMP_RUBY_ARCHIVE is an address with places to fill in, ``https://mirror.example/{distro}-{distro_version}/{arch}/
ruby-{version}.tar.gz``. The archive's top level has ``bin`` and ``lib``; a single directory around them is taken off.
Nobody publishes checksums of such archives, so OFFRAMP_RUBY_ARCHIVE_SHA256 has to be given, too.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from buildpacks.ruby.errors import (
    InvalidArchiveSettingError,
    RubyArchiveError,
    RubyArchiveSumError,
    UnverifiableRubyError,
)
from buildpacks.sdk import BuildContext, ChecksumMismatchError, Target, Version, download, unpack

ARCHIVE, ARCHIVE_SUM = "OFFRAMP_RUBY_ARCHIVE", "OFFRAMP_RUBY_ARCHIVE_SHA256"


def archive_url(settings: Mapping[str, str], version: Version, target: Target) -> str:
    """Fill in the address of the archive for a version; empty when the setting is not made. Pure.

    Raises:
        InvalidArchiveSettingError: the address has a place that nothing fills in.
    """
    template = settings.get(ARCHIVE, "").strip()
    distro = target.distro
    places = {
        "version": ".".join(map(str, version.numbers)) + (f".{version.pre}" if version.pre else ""),
        "arch": target.arch,
        "distro": distro.name if distro else "",
        "distro_version": distro.version if distro else "",
    }
    try:
        return template.format_map(places)
    except (KeyError, ValueError, IndexError, AttributeError):
        raise InvalidArchiveSettingError(setting=ARCHIVE, value=template, places=tuple(places)) from None


def install_archive(context: BuildContext, url: str, to: Path) -> None:
    """Download, verify and unpack an archive so that its ``bin/ruby`` lies below ``to``.

    Raises:
        UnverifiableRubyError: nothing says what the archive has to be.
        RubyArchiveSumError: it is another file; nothing was unpacked.
        RubyArchiveError: it holds no Ruby.
    """
    sha256 = context.user_env.get(ARCHIVE_SUM, "").strip()
    if not sha256:
        raise UnverifiableRubyError(url=url, setting=ARCHIVE_SUM)
    with tempfile.TemporaryDirectory() as directory:
        try:
            archive = download(url, sha256, Path(directory) / "ruby")
        except ChecksumMismatchError as error:
            raise RubyArchiveSumError(url=error.url, expected=error.expected, actual=error.actual) from error
        unpacked = Path(directory) / "unpacked"
        unpack(archive, unpacked)
        entries = [*unpacked.iterdir()]
        top = unpacked if (unpacked / "bin").is_dir() or len(entries) != 1 else entries[0]
        if not (top / "bin" / "ruby").is_file():
            raise RubyArchiveError(url=url)
        for entry in sorted(top.iterdir()):
            shutil.move(entry, to / entry.name)
