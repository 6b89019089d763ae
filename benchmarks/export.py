"""How fast does a layer of 300 MB in 20,000 files become a blob with both digests, against ``tar | gzip -1``?"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import Finding, Settings, in_turns, megabytes, run, times
from benchmarks.sample_tree import make_sample_tree
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.layer_tar import Owner, Tree, tree_tar
from tests.support.stack import debian_13

_OWNER = Owner(1000, 1000)


def measure(settings: Settings) -> Iterator[Finding]:
    """Walk, tar, hash, compress, hash and write, in each compression; the files are in the page cache."""
    sample = make_sample_tree(debian_13().build_root / "usr", settings.scratch / "tree")
    about = {"tree": f"{sample.files} files, {megabytes(sample.size)}"}
    ours = {f"export, {kind}": _export(sample.directory, settings.scratch / kind, kind) for kind in Compression}
    theirs = {
        f"tar | {command}": _pipe(sample.directory, command, settings.scratch / name)
        for name, command in (("tar.gz", "gzip -1"), ("tar.zst", "zstd -1"), ("tar.cat", "cat"))
        if shutil.which(command.split()[0])
    }
    timings = in_turns(ours | theirs, settings.runs)
    sizes = {f"size, {kind}": megabytes(_size(settings.scratch / kind)) for kind in Compression}
    sizes |= {f"size, {name}": megabytes(_size(settings.scratch / name)) for name in ("tar.gz", "tar.zst")}
    for kind, command, aim in (
        (Compression.GZIP, "tar | gzip -1", "≥ 3 ×"),
        (Compression.ZSTD, "tar | gzip -1", ""),
        (Compression.ZSTD, "tar | zstd -1", ""),
        (Compression.NONE, "tar | cat", ""),
    ):
        if command in timings:
            our, their = timings[f"export, {kind}"], timings[command]
            yield Finding(
                question=f"export with {kind}, against {command}",
                number=f"{times(their.median / our.median)} as fast",
                aim=aim,
                raw={f"export, {kind}": our, command: their, **(about | sizes if aim else {})},
            )


def _export(tree: Path, to: Path, compression: Compression) -> Callable[[], object]:
    def export() -> None:
        shutil.rmtree(to, ignore_errors=True)
        BlobDirectory(to).write_layer(tree_tar(Tree(host=tree, name="/layers/sample", owner=_OWNER)), compression)

    return export


def _pipe(tree: Path, command: str, to: Path) -> Callable[[], object]:
    line = f"tar -C {shlex.quote(str(tree))} -cf - . | {command} > {shlex.quote(str(to))}"
    return lambda: run(["sh", "-c", line])


def _size(path: Path) -> int:
    """Give the bytes of a file or of all files of a directory; 0 where there is none."""
    return sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())
