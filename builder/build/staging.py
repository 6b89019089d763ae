"""Buildpacks, staged: each directory with the SDK beside it, so that it needs nothing but python3 in the build image.

A staged set is found again by the contents it was made from. Its modules are compiled once, with the build image's
own interpreter: a build starts every buildpack twice, and compiling the SDK each time would cost more than its work.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from builder.build.executor import BuildEnvironment, Executor, Mount, Network
from builder.caches.in_use import mark_used
from lifecycle_py.session import Command
from lifecycle_py.spec.buildpack_toml import read_buildpack, read_extension
from lifecycle_py.spec.identifiers import directory_name

INSIDE = PurePosixPath("/cnb/buildpacks")
EXTENSIONS_INSIDE = PurePosixPath("/cnb/extensions")

# Where a wrapped classic buildpack has the classic one: no module of ours.
CLASSIC = "classic"

_COMPILE = """\
import compileall, py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
compiled = [compileall.compile_dir(one, quiet=1, invalidation_mode=mode) for one in sys.argv[1:]]
sys.exit(not all(compiled))
"""


def stage_buildpacks(
    sources: Sequence[Path], directory: Path, environment: BuildEnvironment, executor: Executor
) -> Path:
    """Give a directory ``<id>/<version>/…`` with these buildpacks, making it unless it is there already.

    Args:
        sources: buildpack directories, as they stand in a source tree or an installed package.
        directory: where staged sets are kept.
        environment: the build image, whose python3 compiles the modules.
        executor: opens the place to do that.
    """
    shared = _shared_modules()
    root_name = environment.root.name
    key = _digest([*_files(sources), *_files([path for _, path in shared])], root_name)
    staged = directory / key
    if staged.is_dir():
        mark_used(staged)
        return staged
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=directory) as temporary:
        Path(temporary).chmod(0o755)  # the sandbox's user on the host has to come through
        partial = Path(temporary) / "buildpacks"
        for source in sources:
            _stage_one(source, partial, shared)
        _compile(partial, environment, executor)
        try:
            partial.rename(staged)
        except OSError:
            if not staged.is_dir():  # else another build was quicker, with the same contents
                raise
    return staged


def stage_extensions(sources: Sequence[Path], directory: Path) -> Path:
    """Give a directory ``<id>/<version>/…`` with these extensions, making it unless it is there already."""
    staged = directory / _digest([*_files(sources)], "extensions")
    if staged.is_dir():
        return staged
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=directory) as temporary:
        partial = Path(temporary) / "extensions"
        partial.mkdir()
        for source in sources:
            extension = read_extension(source)
            shutil.copytree(source, partial / directory_name(extension.id) / extension.version, symlinks=True)
        try:
            partial.rename(staged)
        except OSError:
            if not staged.is_dir():  # else another build was quicker, with the same contents
                raise
    return staged


def stage_for_others(source: Path, directory: Path) -> Path:
    """Write a buildpack with the SDK it needs, as any platform takes it; gives its own directory below ``directory``.

    Its modules are not compiled: what runs it is not known.
    """
    return _stage_one(source, directory, _shared_modules())


def _stage_one(source: Path, directory: Path, shared: Sequence[tuple[str, Path]]) -> Path:
    buildpack = read_buildpack(source)
    target = directory / directory_name(buildpack.id) / buildpack.version
    needs_sdk = _needs_sdk(source)
    shutil.copytree(source, target, symlinks=True, ignore=_except(source, ("lib",) if needs_sdk else ()))
    if not needs_sdk:
        return target
    library = target / "lib"
    for name, path in shared:
        _copy_module(path, library / name)
    for package in ("buildpacks", "lifecycle_py"):
        (library / package / "__init__.py").write_text("", encoding="utf-8")
    # The buildpack imports itself by its name in the source tree.
    _copy_module(source, library / "buildpacks" / source.name)
    return target


def _needs_sdk(source: Path) -> bool:
    """Tell whether a buildpack is written with our SDK; any other program is staged as it is."""
    return (source / "buildpack.py").is_file()


def _shared_modules() -> tuple[tuple[str, Path], ...]:
    return tuple(
        (name.replace(".", "/"), _package_directory(name))
        for name in ("buildpacks.sdk", "lifecycle_py.spec", "tomli_w")
    )


def _package_directory(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(name)
    return Path(found.origin).parent


def _copy_module(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=_except(source, ("bin", "testing.py", CLASSIC)))


def _except(root: Path, names: Sequence[str]) -> Callable[[str, list[str]], set[str]]:
    """Leave out ``names`` of the top level only, and compiled modules: a buildpack may have a lib further down."""

    def ignored(directory: str, found: list[str]) -> set[str]:
        return {"__pycache__"} | (set(names) & set(found) if Path(directory) == root else set())

    return ignored


def _compile(partial: Path, environment: BuildEnvironment, executor: Executor) -> None:
    """Compile with the build image's interpreter; a buildpack works without, only slower."""
    for path in (partial, *partial.rglob("*")):
        if path.is_dir():
            path.chmod(0o777)
    compiling = BuildEnvironment(
        root=environment.root,
        mounts=(Mount(source=partial, target=INSIDE, writable=True),),
        uid=environment.uid,
        gid=environment.gid,
        env=environment.env,
        network=Network.NONE,
    )
    libraries = (str(INSIDE / lib.relative_to(partial)) for lib in sorted(partial.glob("*/*/lib")) if _is_ours(lib))
    argv = ("/usr/bin/env", "python3", "-I", "-c", _COMPILE, *libraries)
    with executor.open(compiling) as session:
        session.run(Command(argv=argv, env={"PATH": b"/usr/local/bin:/usr/bin:/bin"}), lambda _: None)
    for path in (partial, *partial.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(path, 0, 0, follow_symlinks=False)


def _is_ours(library: Path) -> bool:
    return (library / "buildpacks").is_dir()


def _files(directories: Sequence[Path]) -> Iterator[Path]:
    for directory in directories:
        for file in sorted(directory.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


def _digest(files: Sequence[Path], root_name: str) -> str:
    digest = hashlib.sha256(root_name.encode())
    for file in files:
        data = file.read_bytes()
        digest.update(f"\0{file}\0{file.stat().st_mode & 0o111}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()[:32]
