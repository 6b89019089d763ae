"""Downloads and archives: verified before use, tried again, and never unpacked outside of their directory."""

from __future__ import annotations

import hashlib
import io
import ssl
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import Message
from pathlib import Path
from typing import IO
from urllib.error import HTTPError

import pytest

from buildpacks.sdk.archives import unpack
from buildpacks.sdk.downloads import Downloader, _trust, download, download_checked, fetch, with_mirror
from buildpacks.sdk.errors import (
    ChecksumMismatchError,
    DownloadFailedError,
    DownloadNotFoundError,
    UnsafeArchiveError,
)

DATA = b"ruby"
SHA256 = hashlib.sha256(DATA).hexdigest()
URL = "https://me:pw@example.test/ruby.tar.gz"


class Server:
    """Answers each request with the next of a list: bytes, or an error."""

    def __init__(self, *answers: bytes | Exception) -> None:
        """Take the answers."""
        self.answers = list(answers)
        self.pauses: list[float] = []

    def open_url(self, _url: str) -> AbstractContextManager[IO[bytes]]:
        """Answer one request."""
        return self._answer()

    @contextmanager
    def _answer(self) -> Iterator[IO[bytes]]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield io.BytesIO(answer)

    def downloader(self) -> Downloader:
        """Give a downloader that asks this server and does not sleep."""
        return Downloader(open_url=self.open_url, pauses=(1, 3), sleep=self.pauses.append)


def _status(code: int) -> HTTPError:
    return HTTPError(URL, code, "", Message(), None)


def test_download_after_retries(tmp_path: Path) -> None:
    """A server that fails and a time-out are tried again, with growing pauses."""
    server = Server(_status(503), TimeoutError(), DATA)

    file = download(URL, SHA256, tmp_path / "x" / "ruby.tar.gz", server.downloader())

    assert file.read_bytes() == DATA
    assert server.pauses == [1, 3]


def test_download_checksum_mismatch_leaves_nothing(tmp_path: Path) -> None:
    """A file that is not the expected one leaves no trace, and is not tried again."""
    server = Server(b"other")

    with pytest.raises(ChecksumMismatchError) as caught:
        download(URL, SHA256, tmp_path / "ruby", server.downloader())

    assert list(tmp_path.iterdir()) == []
    assert "pw" not in str(caught.value)


def test_download_not_found_is_immediate(tmp_path: Path) -> None:
    """A file that does not exist is said so at once."""
    server = Server(_status(404))

    with pytest.raises(DownloadNotFoundError):
        download(URL, SHA256, tmp_path / "ruby", server.downloader())

    assert server.pauses == []


def test_download_time_out_is_not_a_404(tmp_path: Path) -> None:
    """A network that stays slow is reported as that."""
    server = Server(*[TimeoutError() for _ in range(3)])

    with pytest.raises(DownloadFailedError, match="did not answer within 30 seconds"):
        download(URL, SHA256, tmp_path / "ruby", server.downloader())


def test_checked_download_is_named_when_it_is_accepted(tmp_path: Path) -> None:
    """A file has its name when the check accepts it, and is given to the check with its sha256 before that."""
    seen: list[tuple[bytes, str]] = []

    def check(file: Path, digest: str) -> None:
        seen.append((file.read_bytes(), digest))
        assert not (tmp_path / "ruby").exists()

    download_checked(URL, tmp_path / "ruby", check, Server(DATA).downloader())

    assert seen == [(DATA, SHA256)]
    assert (tmp_path / "ruby").read_bytes() == DATA


def test_checked_download_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    """What the check refuses leaves no trace."""

    def check(_file: Path, _digest: str) -> None:
        raise UnsafeArchiveError(archive=Path("x"), problem="refused")

    with pytest.raises(UnsafeArchiveError):
        download_checked(URL, tmp_path / "ruby", check, Server(DATA).downloader())

    assert list(tmp_path.iterdir()) == []


def test_fetch_after_retries() -> None:
    """A document is fetched like a file: what may pass is tried again, what is gone is not."""
    assert fetch(URL, Server(_status(503), DATA).downloader()) == DATA
    with pytest.raises(DownloadNotFoundError):
        fetch(URL, Server(_status(410), DATA).downloader())


def test_fetch_of_a_huge_document() -> None:
    """What is said to be a small document is not read without end."""
    with pytest.raises(DownloadFailedError, match="too large"):
        fetch(URL, Server(bytes((16 << 20) + 1)).downloader())


def test_certificates_are_checked() -> None:
    """Who signed a certificate and for which host is checked; rules of form alone are not, as with curl and pip."""
    context = _trust()

    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


def test_download_file_mirror(tmp_path: Path) -> None:
    """A directory on disk serves as a mirror, so that an offline build works."""
    (tmp_path / "ruby.tar.gz").write_bytes(DATA)
    url = with_mirror(
        "https://example.test/a/ruby.tar.gz",
        {"RUBY_MIRROR": tmp_path.as_uri() + "/"},
        "RUBY_MIRROR",
        "https://example.test/a",
    )

    assert download(url, SHA256, tmp_path / "out" / "ruby").read_bytes() == DATA
    with pytest.raises(DownloadNotFoundError):
        download(url + ".gone", SHA256, tmp_path / "out" / "ruby")


def _tar(tmp_path: Path, *members: tuple[str, bytes | None, str]) -> Path:
    file = tmp_path / "archive.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        for name, data, link in members:
            info = tarfile.TarInfo(name)
            if data is None:
                info.type, info.linkname = tarfile.SYMTYPE, link
            else:
                info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data or b""))
    return file


def test_unpack_tar_strips(tmp_path: Path) -> None:
    """Leading directories are removed, modes and links kept."""
    archive = _tar(tmp_path, ("./ruby-3/bin/ruby", b"x", ""), ("./ruby-3/bin/rb", None, "ruby"))

    unpack(archive, tmp_path / "out", strip_components=1)

    assert (tmp_path / "out/bin/rb").readlink() == Path("ruby")
    assert (tmp_path / "out/bin/ruby").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    "member",
    [
        ("../evil", b"x", ""),
        ("a/../../evil", b"x", ""),
        ("/evil", b"x", ""),
        ("link", None, "../../outside"),
        ("link", None, "/etc/passwd"),
    ],
)
def test_unpack_tar_refuses_to_leave(tmp_path: Path, member: tuple[str, bytes | None, str]) -> None:
    """A path or link that leads out of the directory stops the unpacking."""
    with pytest.raises(UnsafeArchiveError):
        unpack(_tar(tmp_path, member), tmp_path / "out")

    assert not (tmp_path / "evil").exists()


def test_unpack_tar_refuses_to_leave_through_links(tmp_path: Path) -> None:
    """Links that are harmless one by one do not lead out together."""
    members = [("a/b/up", None, "../.."), ("out", None, "a/b/up/../evil"), ("out", b"x", "")]
    with pytest.raises(UnsafeArchiveError):
        unpack(_tar(tmp_path, *members), tmp_path / "out")

    assert not (tmp_path / "evil").exists()


def test_unpack_zip_refuses_to_leave(tmp_path: Path) -> None:
    """The same holds for zip archives."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("ok.txt", "x")
        file.writestr("../evil", "x")

    with pytest.raises(UnsafeArchiveError):
        unpack(archive, tmp_path / "out")

    assert not (tmp_path / "evil").exists()


def test_unpack_broken(tmp_path: Path) -> None:
    """A truncated archive is explained."""
    archive = _tar(tmp_path, ("a", bytes(range(256)) * 500, ""))
    archive.write_bytes(archive.read_bytes()[:100])

    with pytest.raises(UnsafeArchiveError, match="not a whole"):
        unpack(archive, tmp_path / "out")
