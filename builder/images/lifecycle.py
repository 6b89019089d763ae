"""The lifecycle for builder images, compiled by the Python of each stack it shall start quickly in."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from builder.build.executor import BuildEnvironment, Executor, Mount, Network
from builder.places import Places
from builder.stacks.root_file_system import unpack_image
from builder.stacks.stack_cache import ensure_stack
from builder.stacks.stack_toml import load_stack
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.output import Reporter
from lifecycle_py.packaging.errors import CompileModulesError
from lifecycle_py.packaging.lifecycle_archive import Compile, make_program, write_lifecycle_archive
from lifecycle_py.session import Command

_INSIDE = PurePosixPath("/cnb")


def make_lifecycle(
    file: Path, arch: str, stacks: Sequence[str], places: Places, executor: Executor, reporter: Reporter
) -> None:
    """Write the lifecycle's archive for an architecture.

    Raises:
        ExplainedError: a stack cannot be made, a wheel not be fetched, or a stack's Python not compile.
    """
    compilers = [_compiler(name, _environment(name, places, reporter), executor) for name in stacks]
    with reporter.timed_step("Putting the lifecycle together", "Put the lifecycle together"):
        program = make_program(arch, places.cache / "lifecycle-wheels", compilers)
    write_lifecycle_archive(program, arch, file)


def _environment(stack: str, places: Places, reporter: Reporter) -> BuildEnvironment:
    store = LayoutStore(places.images)
    name = ensure_stack(load_stack(stack), store, reporter).build
    found = store.find(name)
    if found is None:
        raise ImageNotFoundError(reference=name, place=str(store.directory))
    reporter.progress("Unpacking the build image")
    root = unpack_image(found.image, places.roots)
    config = found.image.config
    return BuildEnvironment(root=root, env=config.environment(), network=Network.NONE)


def _compiler(stack: str, environment: BuildEnvironment, executor: Executor) -> Compile:
    """Give what compiles by the Python of a stack's build image, in a sandbox."""

    def compile_there(script: Path, directory: Path) -> None:
        said: list[str] = []
        with tempfile.TemporaryDirectory(prefix="offramp-compile-") as name:
            work = Path(name)
            shutil.copy(script, work / "compile.py")
            shutil.copytree(directory / "source", work / "source")
            for path in (work, *work.rglob("*")):
                path.chmod(0o777)  # the sandbox's user on the host is another one
            mounted = BuildEnvironment(
                root=environment.root,
                mounts=(Mount(source=work, target=_INSIDE, writable=True),),
                env=environment.env,
                network=environment.network,
            )
            argv = ("/usr/bin/env", "python3", "-S", str(_INSIDE / "compile.py"), str(_INSIDE))
            env = {"PATH": b"/usr/local/bin:/usr/bin:/bin", "PYTHONHASHSEED": b"0"}
            with executor.open(mounted) as session:
                status = session.run(Command(argv=argv, env=env), said.append)
            if status.code:
                raise CompileModulesError(python=f"stack '{stack}'", problem="\n".join(map(str, said[-5:])))
            for made in (path for path in work.iterdir() if path.is_dir() and path.name != "source"):
                shutil.copytree(made, directory / made.name, dirs_exist_ok=True)

    return compile_there


def host_architecture() -> str:
    """Give this machine's architecture as images name it."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
