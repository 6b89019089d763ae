"""The tar reader: what ``tarfile`` writes and what damaged archives say; compared with ``tarfile`` throughout."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_py.oci.errors import LayerArchiveError
from lifecycle_py.oci.tar_reader import TarReader

_names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=60)
_paths = st.lists(_names, min_size=1, max_size=6).map("/".join).filter(lambda path: path.strip("/ ."))
_kinds = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])


@st.composite
def members(draw: st.DrawFn) -> tuple[tarfile.TarInfo, bytes]:
    """An entry with its contents."""
    info = tarfile.TarInfo(draw(_paths))
    info.type = draw(_kinds)
    info.mode = draw(st.integers(0, 0o7777))
    info.mtime = draw(st.integers(0, 2**34))
    info.uid = draw(st.sampled_from([0, 1000, 2**22]))
    data = draw(st.binary(max_size=1500)) if info.type == tarfile.REGTYPE else b""
    if info.type in {tarfile.SYMTYPE, tarfile.LNKTYPE}:
        info.linkname = draw(_paths)
    info.size = len(data)
    return info, data


def archive(entries: list[tuple[tarfile.TarInfo, bytes]], kind: int) -> bytes:
    """Have ``tarfile`` write an archive."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=kind) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return target.getvalue()


def read(data: bytes, piece: int = 1 << 20) -> list[tuple[object, ...]]:
    """Read an archive with ours, in pieces of a size."""
    source = io.BytesIO(data)
    reader = TarReader(lambda size: source.read(min(size, piece)))
    return [
        (entry.name, entry.kind, entry.mode, entry.mtime, entry.link, reader.contents(entry.size)) for entry in reader
    ]


@settings(max_examples=150, deadline=None)
@given(
    entries=st.lists(members(), max_size=5),
    kind=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    piece=st.sampled_from([1, 100, 512, 1000, 1 << 20]),
)
def test_what_tarfile_writes_is_read(entries: list[tuple[tarfile.TarInfo, bytes]], kind: int, piece: int) -> None:
    """Long names, odd characters, large numbers: in both of the formats there are, however the bytes come in."""
    written = [
        (
            info.name + "/" * (info.type == tarfile.DIRTYPE),
            info.type,
            info.mode,
            info.mtime,
            info.linkname,
            data,
        )
        for info, data in entries
    ]
    assert written == read(archive(entries, kind), piece)


@settings(max_examples=300, deadline=None)
@given(
    entries=st.lists(members(), min_size=1, max_size=3),
    position=st.integers(0, 5000),
    garbage=st.binary(min_size=1, max_size=600),
)
def test_a_damaged_archive_is_an_error_or_a_list(
    entries: list[tuple[tarfile.TarInfo, bytes]], position: int, garbage: bytes
) -> None:
    """Whatever bytes there are: no other error, no endless loop, no gigabytes."""
    data = bytearray(archive(entries, tarfile.PAX_FORMAT))
    data[position : position + len(garbage)] = garbage
    try:
        read(bytes(data))
    except LayerArchiveError as error:
        assert str(error)  # noqa: PT017 - the error is one outcome of two


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda info: setattr(info, "type", tarfile.GNUTYPE_SPARSE), "sparse"),
        (lambda info: info.pax_headers.update({"GNU.sparse.major": "1"}), "sparse"),
        (lambda info: info.pax_headers.update({"size": "many"}), "no number"),
        (lambda info: info.pax_headers.update({"size": "-1"}), "negative"),
    ],
)
def test_what_no_layer_holds_is_refused(change: object, problem: str) -> None:
    """Sparse files, and sizes that are none."""
    info = tarfile.TarInfo("file")
    change(info)  # type: ignore[operator]

    with pytest.raises(LayerArchiveError, match=problem):
        read(archive([(info, b"")], tarfile.PAX_FORMAT))


def test_an_extension_is_not_believed_to_be_gigabytes() -> None:
    """A header that announces an enormous extended header is refused before anything is read."""
    info = tarfile.TarInfo("pax")
    info.type = tarfile.XHDTYPE
    info.size = 1 << 40
    header = info.tobuf(tarfile.GNU_FORMAT)

    with pytest.raises(LayerArchiveError, match="extension of 1099511627776 bytes"):
        read(header + bytes(1024))


def test_contents_may_be_skipped() -> None:
    """Whoever does not want an entry's contents need not read them."""
    entries = [(tarfile.TarInfo(name), b"x" * 1000) for name in ("a", "b")]
    for info, data in entries:
        info.size = len(data)
    source = io.BytesIO(archive(entries, tarfile.PAX_FORMAT))

    assert ["a", "b"] == [entry.name for entry in TarReader(source.read)]
