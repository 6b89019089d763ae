"""Ruby from its source: fetched, verified, configured, compiled. The last resort, as it takes minutes.

ruby-lang.org publishes the checksum of every release in one list, ``index.txt`` (name, address and checksums per line).
OFFRAMP_RUBY_SOURCE names a mirror of the directory that holds it; with OFFRAMP_RUBY_SOURCE_SHA256 no list is needed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from buildpacks.ruby.errors import CompileRubyError, RubyDoesNotExistError, RubySourceSumError
from buildpacks.sdk import (
    BuildContext,
    ChecksumMismatchError,
    CommandFailedError,
    Version,
    download,
    fetch,
    nearest_versions,
    parse_version,
    unpack,
)

SOURCE, SOURCE_SUM = "OFFRAMP_RUBY_SOURCE", "OFFRAMP_RUBY_SOURCE_SHA256"
_HOME = "https://cache.ruby-lang.org/pub/ruby"
_SUFFIX = ".tar.gz"
_FIELDS = 4  # name, address, sha1, sha256, and more
# Nothing of the machine reaches the result: no debugging information, which names the directory of the build.
_FLAGS = (
    "--enable-shared",
    "--disable-install-doc",
    "--disable-install-static-library",
    "--disable-dtrace",
)
_OPTIMIZED = ("optflags=-O3", "debugflags=-g0")


def compile_ruby(context: BuildContext, version: Version, to: Path) -> None:
    """Compile a release of Ruby so that it lies in ``to``.

    Raises:
        RubyDoesNotExistError: the list of releases does not name it.
        RubySourceSumError: what was downloaded is another file; nothing was unpacked.
        CompileRubyError: it does not compile.
    """
    directory = context.layers_dir / "ruby-source"  # always at the same place, since compilers note where they work
    shutil.rmtree(directory, ignore_errors=True)
    try:
        archive = _download(context, version, directory)
        source = directory / "ruby"
        unpack(archive, source, strip_components=1)
        environment = {**context.env, "SOURCE_DATE_EPOCH": "315532801", "LC_ALL": "C.UTF-8"}
        for doing, command in _steps(source, to).items():
            context.output.detail(doing)
            try:
                context.run(*command, cwd=source, env=environment, show=False)
            except CommandFailedError as error:
                step = Path(command[0]).name
                raise CompileRubyError(version=str(version), step=step, last_lines=error.last_lines) from error
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def find_release(lines: Iterable[str], version: Version) -> tuple[str, str] | None:
    """Find a release in ``index.txt``: its address and its sha256. Pure."""
    wanted = f"ruby-{_upstream(version)}{_SUFFIX}"
    for line in lines:
        fields = line.split()
        if len(fields) >= _FIELDS and fields[1].rpartition("/")[2] == wanted:
            return fields[1], fields[3]
    return None


def releases_in(lines: Iterable[str]) -> tuple[Version, ...]:
    """List the releases that ``index.txt`` names. Pure."""
    names = [line.split()[1].rpartition("/")[2] for line in lines if len(line.split()) >= _FIELDS]
    numbers = [name.removeprefix("ruby-").removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]
    return tuple(parse_version(one) for one in numbers if one.replace(".", "").isdigit())


def _download(context: BuildContext, version: Version, directory: Path) -> Path:
    base = context.user_env.get(SOURCE, "").strip().rstrip("/") or _HOME
    line = ".".join(map(str, version.numbers[:2]))
    url = f"{base}/{line}/ruby-{_upstream(version)}{_SUFFIX}"
    sha256 = context.user_env.get(SOURCE_SUM, "").strip()
    if not sha256:
        index = fetch(f"{base}/index.txt").decode(errors="replace").splitlines()
        found = find_release(index, version)
        if found is None:
            nearest = nearest_versions(version, releases_in(index))
            raise RubyDoesNotExistError(
                version=str(version), place=f"{base}/index.txt", nearest=tuple(map(str, nearest))
            )
        sha256 = found[1]
    try:
        return download(url, sha256, directory / f"ruby{_SUFFIX}")
    except ChecksumMismatchError as error:
        raise RubySourceSumError(url=error.url, expected=error.expected, actual=error.actual) from error


def _steps(source: Path, to: Path) -> dict[str, tuple[str, ...]]:
    """Give what is run, by what the log says about it."""
    configure = (str(source / "configure"), f"--prefix={to}", *_FLAGS, f"LDFLAGS=-Wl,-rpath,{to}/lib", *_OPTIMIZED)
    return {
        "Configuring it for the stack": configure,
        "Compiling it, which takes some minutes, once: the result is cached": ("make", f"-j{os.cpu_count() or 1}"),
        "Installing what was compiled": ("make", "install-nodoc"),
    }


def _upstream(version: Version) -> str:
    """Write a version as the names of releases have it: ``3.5.0-preview1``, for the lock file's ``3.5.0.preview1``."""
    numbers = ".".join(map(str, version.numbers))
    return f"{numbers}-{version.pre}" if version.pre else numbers
