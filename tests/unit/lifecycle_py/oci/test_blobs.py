"""Blobs: one pass, right digests, the same bytes however the stream was cut, and nothing left after a failure."""

from __future__ import annotations

import gzip
import hashlib
import io
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_py.oci.blobs import BlobDirectory, fixed_blocks
from lifecycle_py.oci.compression import BLOCK_SIZE, Compression, compressor, open_uncompressed
from lifecycle_py.oci.errors import BlobCorruptError
from lifecycle_py.oci.model import Descriptor, DiffId, Layer, sha256

_DATA = hashlib.sha512(b"seed").digest() * 40_000  # about 2.5 blocks


def _files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def _cut(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    begin = 0
    for end in sorted({cut % (len(data) + 1) for cut in cuts}):
        yield data[begin:end]
        begin = end
    yield data[begin:]


@pytest.fixture
def blobs(tmp_path: Path) -> BlobDirectory:
    """Give a directory that is not there yet."""
    return BlobDirectory(tmp_path / "blobs")


@pytest.mark.parametrize("compression", Compression)
def test_write_layer_names_the_tar_and_its_stored_form(blobs: BlobDirectory, compression: Compression) -> None:
    """The diff ID is of the tar, the digest of the file, which is there under its name."""
    layer = blobs.write_layer([_DATA], compression)

    stored = blobs.path(layer.blob.digest).read_bytes()
    with layer.open_blob() as blob, open_uncompressed(blob) as tar:
        assert tar.read() == _DATA
    assert (DiffId(sha256(_DATA)), sha256(stored), len(stored)) == (layer.diff_id, layer.blob.digest, layer.blob.size)
    assert compression.media_type == layer.blob.media_type
    assert [f"sha256/{layer.blob.digest.removeprefix('sha256:')}"] == _files(blobs.root)


def test_each_compression_is_what_its_name_says() -> None:
    """The standard library's gzip and zstd read what is written, and gzip's header holds no time and no name."""
    packed = {one: (codec := compressor(one)).compress(b"x" * 1000) + codec.flush() for one in Compression}

    assert b"x" * 1000 == gzip.decompress(packed[Compression.GZIP])
    assert b"x" * 1000 == zstd.decompress(packed[Compression.ZSTD])
    assert b"x" * 1000 == packed[Compression.NONE]
    assert (0, bytes(4)) == (packed[Compression.GZIP][3], packed[Compression.GZIP][4:8])


def test_recipes_differ_and_name_the_library() -> None:
    """A cache never takes bytes of another codec, version or level for its own."""
    recipes = {one: one.recipe for one in Compression}

    assert 3 == len(set(recipes.values()))
    assert "isa-l" in recipes[Compression.GZIP]
    assert "level 2" in recipes[Compression.GZIP]


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, len(_DATA)), max_size=30), compression=st.sampled_from(Compression))
def test_write_layer_gives_equal_bytes_for_any_chunks(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], compression: Compression
) -> None:
    """How the producer cuts the stream reaches neither diff ID nor digest."""
    blobs = BlobDirectory(tmp_path_factory.mktemp("blobs"))

    whole = blobs.write_layer([_DATA], compression)
    pieces = blobs.write_layer(_cut(_DATA, cuts), compression)

    assert (whole.diff_id, whole.blob) == (pieces.diff_id, pieces.blob)


@given(sizes=st.lists(st.integers(0, 3 * BLOCK_SIZE), max_size=6))
@settings(max_examples=30, deadline=None)
def test_fixed_blocks_are_whole_but_for_the_last(sizes: list[int]) -> None:
    """Whatever comes in, blocks of one size go out, and nothing is lost."""
    blocks = list(fixed_blocks(bytes(size) for size in sizes))

    assert sum(sizes) == sum(map(len, blocks))
    assert all(len(block) == BLOCK_SIZE for block in blocks[:-1])
    assert all(0 < len(block) <= BLOCK_SIZE for block in blocks[-1:])


def test_write_layer_of_nothing_is_the_empty_blob(blobs: BlobDirectory) -> None:
    """A stream without bytes is legal."""
    layer = blobs.write_layer([], Compression.NONE)

    assert (sha256(b""), 0) == (layer.blob.digest, layer.blob.size)


def test_write_layer_leaves_nothing_when_the_producer_fails(blobs: BlobDirectory) -> None:
    """A file that vanishes while it is read costs the layer, and no partial file stays."""

    def chunks() -> Iterator[bytes]:
        yield _DATA
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        blobs.write_layer(chunks())

    assert [] == _files(blobs.root)


def test_write_layer_ends_its_producer_when_writing_fails(blobs: BlobDirectory) -> None:
    """When the disk is full the producer is stopped before the error arrives, and no partial file stays."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    endless = (bytes([number % 251]) * BLOCK_SIZE for number in range(10**6))
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * BLOCK_SIZE, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            blobs.write_layer(endless, Compression.NONE)

        assert [] == [thread for thread in threading.enumerate() if thread.name == "layer-tar"]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [] == _files(blobs.root)


def test_write_layer_does_not_write_a_blob_twice(blobs: BlobDirectory) -> None:
    """A blob that is there stays the same file."""
    first = blobs.write_layer([b"tar"])
    inode = blobs.path(first.blob.digest).stat().st_ino

    blobs.write_layer([b"tar"])

    assert inode == blobs.path(first.blob.digest).stat().st_ino
    assert 1 == len(_files(blobs.root))


def test_write_bytes_replaces_a_blob_that_was_cut(blobs: BlobDirectory) -> None:
    """A file of the wrong size is not the blob."""
    digest = blobs.write_bytes(b"manifest")
    blobs.path(digest).write_bytes(b"mani")

    blobs.write_bytes(b"manifest")

    assert b"manifest" == blobs.path(digest).read_bytes()


def test_take_links_a_file_of_the_same_file_system(blobs: BlobDirectory, tmp_path: Path) -> None:
    """Taking a layer from a store beside costs no bytes."""
    other = BlobDirectory(tmp_path / "other")
    layer = blobs.write_layer([b"tar"])

    other.take(layer)
    other.take(layer)

    assert blobs.path(layer.blob.digest).samefile(other.path(layer.blob.digest))


def _foreign(data: bytes, claimed: bytes) -> Layer:
    blob = Descriptor(media_type="x", digest=sha256(claimed), size=len(claimed))
    return Layer(diff_id=DiffId(sha256(claimed)), blob=blob, open_blob=lambda: io.BytesIO(data))


def test_take_copies_and_verifies_what_it_cannot_link(blobs: BlobDirectory) -> None:
    """A blob that comes as a stream is copied."""
    blobs.take(_foreign(b"tar", b"tar"))

    assert b"tar" == blobs.path(sha256(b"tar")).read_bytes()


@pytest.mark.parametrize("data", [b"tax", b"ta", b"tar+"])
def test_take_refuses_a_blob_that_is_not_its_digest(blobs: BlobDirectory, data: bytes) -> None:
    """Damaged bytes never get the name of the right ones."""
    with pytest.raises(BlobCorruptError):
        blobs.take(_foreign(data, b"tar"))

    assert [] == _files(blobs.root)


def test_take_heals_a_blob_that_was_cut(blobs: BlobDirectory, tmp_path: Path) -> None:
    """A partial file under the right name is replaced."""
    other = BlobDirectory(tmp_path / "other")
    layer = blobs.write_layer([b"tar"])
    other.write_bytes(b"")
    other.path(layer.blob.digest).write_bytes(b"t")

    other.take(layer)

    assert blobs.path(layer.blob.digest).read_bytes() == other.path(layer.blob.digest).read_bytes()


_FLAT = """
import re, sys
from pathlib import Path
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import Compression
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
blobs = BlobDirectory(Path(sys.argv[1]))
blobs.write_layer([bytes(1 << 20)] * 4, Compression.GZIP)
before = peak()
blobs.write_layer((bytes(1 << 20) for _ in range(384)), Compression.GZIP)
print(peak() - before)
"""


def test_write_layer_needs_memory_for_some_blocks_only(tmp_path: Path) -> None:
    """A layer of 384 MiB passes through a few MiB."""
    done = subprocess.run([sys.executable, "-c", _FLAT, tmp_path], capture_output=True, text=True, check=True)

    assert int(done.stdout) < 40 * 1024  # KiB
