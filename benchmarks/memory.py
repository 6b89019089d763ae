"""How much memory does exporting a layer take, and does it grow with the layer?"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.measure import Finding, Settings, megabytes
from lifecycle_py.oci.compression import Compression

_MB: Final = 1_000_000
_PATTERN: Final = 4 * _MB

# A process of its own, with nothing but the exporter in it. The high-water mark is read by the process itself, since
# what wait4 tells of a child includes the memory of the process it was forked from.
_CHILD: Final = """\
import sys
from pathlib import Path
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.layer_tar import Owner, Tree, tree_tar

tree = Tree(host=Path(sys.argv[1]), name="/layers/sample", owner=Owner(1000, 1000))
BlobDirectory(Path(sys.argv[2])).write_layer(tree_tar(tree), Compression(sys.argv[3]))
print(next(line.split()[1] for line in Path("/proc/self/status").open() if line.startswith("VmHWM")))
"""


def measure(settings: Settings) -> Iterator[Finding]:
    """Export layers of 2 GB and 200 MB, each in a fresh process."""
    peaks: dict[tuple[int, Compression], int] = {}
    for size in (200, 2000):
        tree = settings.scratch / f"{size}"
        write_tree(tree, size * _MB)
        for kind in Compression:
            blobs = settings.scratch / f"blobs-{size}-{kind}"
            output = subprocess.run(
                [sys.executable, "-c", _CHILD, tree, blobs, kind], capture_output=True, text=True, check=True
            ).stdout
            peaks[size, kind] = int(output) * 1024
    for kind in Compression:
        small, large = peaks[200, kind], peaks[2000, kind]
        yield Finding(
            question=f"peak memory, 2 GB layer, {kind}",
            number=f"{megabytes(large)}, {times_more(large, small)} that of 200 MB",
            aim="≤ 150 MB, flat" if kind is Compression.GZIP else "",
            raw={"2 GB": megabytes(large), "200 MB": megabytes(small)},
        )


def times_more(large: int, small: int) -> str:
    """Write how much one is of the other."""
    return f"{large / small:.2f} ×"


def write_tree(directory: Path, size: int) -> None:
    """Write half in one file, the rest in files of 1 MB; half of the bytes random, half repeated; no holes."""
    directory.mkdir()
    generator = random.Random(size)  # noqa: S311 - only has to look different everywhere
    _write(directory / "large", size // 2, generator)
    for number in range(size // 2 // _MB):
        _write(directory / f"small-{number}", _MB, generator)


def _write(file: Path, size: int, generator: random.Random) -> None:
    with file.open("wb") as target:
        written = 0
        while written < size:
            piece = min(_PATTERN, size - written)
            target.write(generator.randbytes(piece // 2) + b"offramp " * ((piece - piece // 2) // 8 + 1))
            written += piece
        target.truncate(size)
