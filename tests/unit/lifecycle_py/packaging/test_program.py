"""The one program: its modules are found inside of it, whatever Python starts it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from lifecycle_py.packaging.lifecycle_archive import compile_here
from lifecycle_py.packaging.modules import Sources, collect_sources, package_sources
from lifecycle_py.packaging.program import ENTRY, program_bytes, write_sources
from lifecycle_py.version import __version__

_COMPILED = Path(importlib.util.find_spec("lifecycle_py.packaging.compile_modules").origin or "")  # type: ignore[union-attr]
_TAG = f"{sys.implementation.cache_tag}-{os.uname().machine}"


def _site_package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def _isal_binaries() -> dict[str, bytes]:
    return {
        f"isal.{file.name.partition('.')[0]}": file.read_bytes() for file in sorted(_site_package("isal").glob("*.so"))
    }


def _write_program(
    directory: Path,
    sources: Mapping[str, Sources],
    native: Mapping[str, Mapping[str, bytes]] | None = None,
    *,
    compiled: bool = True,
) -> Path:
    work = directory / "work"
    work.mkdir()
    write_sources(sources, work)
    if compiled:
        compile_here(_COMPILED, work)
    program = directory / "lifecycle"
    program.write_bytes(program_bytes(work, native or {}))
    program.chmod(0o755)
    return program


def _saying(text: str) -> dict[str, Sources]:
    """Give the lifecycle's modules with another entry."""
    own = {**collect_sources()["lifecycle_py"], ENTRY: (False, text)}
    return {"lifecycle_py": own, "isal": package_sources(_site_package("isal"), "isal")}


def _run(program: Path, *arguments: str) -> str:
    environ = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": "/nowhere",
        "PYTHONHOME": "/nowhere",
    }
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, env=environ)
    assert 0 == done.returncode, done.stderr
    return done.stdout


@pytest.mark.parametrize("compiled", [True, False])
def test_program_is_every_phase_by_its_name(tmp_path: Path, *, compiled: bool) -> None:
    """A link tells the phase; no installed package and no variable of Python's plays a part."""
    program = _write_program(tmp_path, collect_sources(), compiled=compiled)
    link = tmp_path / "detector"
    link.symlink_to("lifecycle")

    assert f"{__version__}\n" == _run(link, "-version")
    assert "detect" in _run(program, "help")


def test_modules_come_from_inside(tmp_path: Path) -> None:
    """What is imported has a path inside of the program, and is not compiled again."""
    text = "def main():\n    import lifecycle_py.oci.blobs as b\n    print(b.__file__, type(b.__spec__.loader_state))\n"
    program = _write_program(tmp_path, _saying(text))

    assert "lifecycle_py/oci/blobs.py <class 'bytes'>\n" == _run(program)


_COMPRESS = """\
def main():
    import io
    from lifecycle_py.oci.compression import Compression, compressor, is_fast, open_uncompressed
    codec = compressor(Compression.GZIP)
    blob = codec.compress(b"layer" * 1000) + codec.flush()
    print(is_fast(), Compression.GZIP.recipe.split()[1], open_uncompressed(io.BytesIO(blob)).read() == b"layer" * 1000)
"""


def test_extension_modules_load_from_inside(tmp_path: Path) -> None:
    """ISA-L's machine code is loaded though it is in no file of its own."""
    program = _write_program(tmp_path, _saying(_COMPRESS), {f"{_TAG}/isal": _isal_binaries()})

    assert "True isa-l True\n" == _run(program)


@pytest.mark.parametrize("native", [{}, {f"{_TAG}/isal": dict.fromkeys(_isal_binaries(), b"for another machine")}])
def test_without_machine_code_the_standard_library_compresses(
    tmp_path: Path, native: dict[str, dict[str, bytes]]
) -> None:
    """On a Python without a wheel, or where its code cannot be loaded, layers are made all the same."""
    program = _write_program(tmp_path, _saying(_COMPRESS), native)

    assert "False zlib True\n" == _run(program)


_READ_ZSTD = """\
def main():
    import io
    from lifecycle_py.oci.compression import open_uncompressed
    from lifecycle_py.oci.errors import CodecMissingError
    try:
        open_uncompressed(io.BytesIO(bytes.fromhex("28b52ffd")))
    except CodecMissingError as error:
        print(error)
"""


def test_without_machine_code_zstd_is_an_error_in_words(tmp_path: Path) -> None:
    """What cannot be read is told, not a traceback of imports."""
    program = _write_program(tmp_path, _saying(_READ_ZSTD))

    has_it_itself = sys.version_info >= (3, 14)
    assert has_it_itself != ("can neither read nor write zstd" in _run(program))


def test_same_modules_give_the_same_bytes(tmp_path: Path) -> None:
    """No time, path or order of this machine is in the program."""
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(_write_program(tmp_path / name, collect_sources()).read_bytes())

    assert made[0] == made[1]
