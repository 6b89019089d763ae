"""Headers against Go's archive/tar: the digests were made by its Writer (go1.26) from the same values."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lifecycle_py.oci.tar_header import DIRECTORY, MTIME, REGULAR, SYMLINK, TRAILER, header, padding

LONG_PREFIX = b"/" + b"p" * 120 + b"/" + b"n" * 90


@dataclass(frozen=True, kw_only=True, slots=True)
class GoHeader:
    """A header's values, and the length and beginning of the sha256 of what Go writes for them."""

    golden: tuple[int, str]
    name: bytes
    kind: bytes = REGULAR
    mode: int = 0o644
    owner: int = 1000
    size: int = 0
    link: bytes = b""


WRITTEN_BY_GO = {
    "a short file": GoHeader(golden=(512, "3c1d891c4cb5670df1b7ca0a"), name=b"/app/x", size=5),
    "a directory without a trailing slash": GoHeader(
        golden=(512, "6b30d01a81ca11242ef1819e"), name=b"/layers/a_b", kind=DIRECTORY, mode=0o755, owner=0
    ),
    "a short link": GoHeader(
        golden=(512, "b8daa4fc1e23863e9418d6f3"),
        name=b"/cnb/process/web",
        kind=SYMLINK,
        mode=0o755,
        owner=0,
        link=b"/cnb/lifecycle/launcher",
    ),
    "set-uid, set-gid and sticky": GoHeader(golden=(512, "581fd9a1a1b9c92a81164838"), name=b"/bin/su", mode=0o7755),
    "a name of exactly 100 bytes": GoHeader(golden=(512, "9a1b15598969e50fd35ba07b"), name=b"/" + b"n" * 99),
    "a name of 101 bytes with no slash to split at": GoHeader(
        golden=(1536, "9e67ec1b00b21a7ac24cd786"), name=b"/" + b"n" * 100
    ),
    "a name that fits by USTAR's prefix": GoHeader(golden=(512, "89b3088ee78f45d9f0631c3d"), name=LONG_PREFIX),
    "a prefix of exactly 155 bytes": GoHeader(
        golden=(512, "5ec2b29ce72bb943a674980a"), name=b"/" + b"p" * 154 + b"/" + b"n" * 100
    ),
    "a prefix of 156 bytes": GoHeader(
        golden=(1536, "128cb2adfc720063268aa8ef"), name=b"/" + b"p" * 155 + b"/" + b"n" * 90
    ),
    "a deep directory": GoHeader(
        golden=(1536, "a8e75a5f7c58001d389f00b3"), name=b"/layers" + b"/deep" * 60, kind=DIRECTORY, mode=0o755
    ),
    "a name beyond ASCII": GoHeader(golden=(1536, "07ff27ba85951d8e502a327b"), name="/app/é/日本.txt".encode(), size=7),
    "a name that is no UTF-8": GoHeader(golden=(1536, "1b8ea54a5ae379a47255287d"), name=b"/app/bad\xff"),
    "a link target of exactly 100 bytes": GoHeader(
        golden=(512, "b58b0b34c38af61be55c91ba"), name=b"/app/l", kind=SYMLINK, mode=0o777, link=b"t" * 100
    ),
    "a link target of 101 bytes": GoHeader(
        golden=(1536, "9dc0092c1cf88dde9f3db699"), name=b"/app/l", kind=SYMLINK, mode=0o777, link=b"t" * 101
    ),
    "a link target beyond ASCII": GoHeader(
        golden=(1536, "542c0e6de345761d5e5b5330"), name=b"/app/l", kind=SYMLINK, mode=0o777, link="é".encode()
    ),
    "a long target under a name that alone would fit by the prefix": GoHeader(
        golden=(1536, "39eafa15409a9225f2772acb"), name=LONG_PREFIX, kind=SYMLINK, mode=0o777, link=b"t" * 101
    ),
    "a name cut just behind a slash": GoHeader(
        golden=(1536, "4f02d839899204971583a103"),
        name=b"/" + b"d" * 98 + b"/" + "é".encode() + b"n" * 100,
        kind=DIRECTORY,
        mode=0o755,
    ),
    "the largest size in octal": GoHeader(golden=(512, "66f297ccafe75d8a7dacaa7d"), name=b"/app/big", size=8**11 - 1),
    "a size of 8 GiB": GoHeader(golden=(1536, "e795846eeb774a8776e2c5ee"), name=b"/app/big", size=8**11),
    "the largest owner in octal": GoHeader(golden=(512, "577bbe6d116b36c5ffa4e63a"), name=b"/app/x", owner=8**7 - 1),
    "an owner as OpenShift gives them": GoHeader(
        golden=(1536, "670a3e444c17f87e9f92d6c1"), name=b"/app/x", owner=1000650000, size=1
    ),
    "a record whose length grows by its own digit": GoHeader(
        golden=(1536, "02ed1d537c588d5f1448a219"), name=b"/app/" + b"x" * 88 + "é".encode(), owner=0
    ),
}


@pytest.mark.parametrize("case", WRITTEN_BY_GO.values(), ids=list(WRITTEN_BY_GO))
def test_header_equals_what_go_writes(case: GoHeader) -> None:
    """A header is, byte for byte, the one of Go's archive/tar."""
    data = header(case.name, case.kind, mode=case.mode, uid=case.owner, gid=case.owner, size=case.size, link=case.link)

    assert case.golden == (len(data), hashlib.sha256(data).hexdigest()[:24])


_names = st.lists(st.text("abé日 .-", min_size=1, max_size=130), min_size=1, max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)


@given(
    name=_names,
    link=st.text("abé/.", max_size=130),
    mode=st.integers(0, 0o7777),
    uid=st.integers(0, 2**31 - 1),
    gid=st.integers(0, 2**31 - 1),
)
@example(name="/" + "p" * 120 + "/" + "n" * 90, link="t" * 101, mode=0o777, uid=0, gid=0)
def test_header_of_a_link_is_read_back_by_tarfile(name: str, link: str, mode: int, uid: int, gid: int) -> None:
    """What goes into a header comes out of it, however long its names and large its owners are."""
    data = header(name.encode(), SYMLINK, mode=mode, uid=uid, gid=gid, link=link.encode()) + TRAILER

    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        (member,) = archive.getmembers()

    assert (name, link, mode, uid, gid, MTIME) == (
        member.name,
        member.linkname,
        member.mode,
        member.uid,
        member.gid,
        member.mtime,
    )


@given(size=st.integers(0, 2**40))
def test_header_of_a_file_is_read_back_by_tarfile(size: int) -> None:
    """A size is read back, on both sides of 8 GiB."""
    data = header(b"/x", REGULAR, mode=0o644, uid=0, gid=0, size=size)

    with tarfile.open(fileobj=io.BytesIO(data + TRAILER)) as archive:
        member = archive.next()

    assert member is not None
    assert size == member.size


@pytest.mark.parametrize(("size", "expected"), [(0, 0), (1, 511), (511, 1), (512, 0), (513, 511)])
def test_padding_fills_the_last_block(size: int, expected: int) -> None:
    """Contents end at a block's border."""
    assert expected == len(padding(size))
