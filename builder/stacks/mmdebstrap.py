"""Runs mmdebstrap: from a package list to the tar of an installed system, signatures verified by apt."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from builder.build.host_passage import proxy_variables
from builder.errors import MakeBaseImageError, StackToolsError
from builder.stacks.stack_toml import Stack

_FINISH = Path(__file__).parent / "finish_image.sh"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_STAGE = re.compile(r"I: (running apt-get update|downloading|extracting|installing|cleaning|creating)")
_PACKAGE = re.compile(r"(Unpacking|Setting up) ([a-z0-9][^ :]*)")

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """An installed system to make: one architecture, and the sources it comes from (empty: the suite's own)."""

    name: str
    suite: str
    architecture: str
    packages: tuple[str, ...]
    locales: tuple[str, ...]
    sources: tuple[str, ...] = ()


def host_architecture() -> str:
    """Name this machine's architecture as Debian and OCI both do."""
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


def apt_sources(stack: Stack, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Decide where packages come from: OFFRAMP_DEBIAN_MIRROR (separated by commas), else the stack's mirrors."""
    chosen = environ.get("OFFRAMP_DEBIAN_MIRROR", "")
    mirrors = tuple(part.strip() for part in chosen.split(",") if part.strip()) or stack.mirrors
    return tuple(source if source.startswith("deb ") else f"deb {source} {stack.suite} main" for source in mirrors)


def mmdebstrap_arguments(system: System, mode: str) -> tuple[str, ...]:
    """Compute the command; the tar goes to stdout.

    ``essential`` is Debian's own smallest set: packages need not declare that they depend on it, so less is not sane.
    """
    # The hook's text, not its path: in mode unshare it runs as a user who may not enter the caller's home.
    hook = f"LOCALES='{' '.join(system.locales)}'\n{_FINISH.read_text(encoding='utf-8')}"
    packages = (*system.packages, *(("locales",) if system.locales else ()))
    return (
        *("mmdebstrap", "--verbose", f"--mode={mode}", "--variant=essential", "--format=tar"),
        *(f"--architectures={system.architecture}", f"--include={','.join(packages)}", f"--customize-hook={hook}"),
        *(system.suite, "-", *system.sources),
    )


def install_system(system: System, tar: BinaryIO, progress: Progress) -> None:
    """Make the system and write its tar to the file ``tar``.

    Raises:
        StackToolsError: this host lacks a program or right that it takes.
        MakeBaseImageError: mmdebstrap failed; the error holds its last words.
    """
    process = subprocess.Popen(
        mmdebstrap_arguments(system, mmdebstrap_mode()),
        stdin=subprocess.DEVNULL,
        stdout=tar,
        stderr=subprocess.PIPE,
        env=_environment(),
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    last_lines: deque[str] = deque(maxlen=12)
    try:
        with process:
            for line in process.stderr or ():
                last_lines.append(line.rstrip())
                told = progress_of(line)
                if told:
                    progress(told)
    except BaseException:
        # mmdebstrap unmounts and removes its temporary directory on SIGTERM.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise
    if process.returncode != 0:
        raise MakeBaseImageError(image=system.name, status=process.returncode, last_lines=tuple(last_lines))


def progress_of(line: str) -> str | None:
    """Give what a line of mmdebstrap, apt or dpkg says about progress."""
    if stage := _STAGE.match(line):
        return stage[1]
    if package := _PACKAGE.match(line):
        return f"{package[1].lower()} {package[2]}"
    return None


def mmdebstrap_mode() -> str:
    """Choose how mmdebstrap gets the rights it needs on this host.

    Raises:
        StackToolsError: there is no way here; the error says what to install or allow.
    """
    missing = [program for program in ("mmdebstrap", "apt-get") if shutil.which(program) is None]
    if missing:
        raise StackToolsError(missing=tuple(missing))
    if os.geteuid() == 0:
        return "root"
    if shutil.which("newuidmap") is None:
        raise StackToolsError(missing=("newuidmap",))
    return "unshare"


def _environment() -> dict[str, str]:
    path = os.environ.get("PATH", "")
    return {
        "PATH": f"{path}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin",  # Debian users have no sbin on their path
        "HOME": os.environ.get("HOME", "/"),
        **({"TMPDIR": os.environ["TMPDIR"]} if "TMPDIR" in os.environ else {}),
        "LC_ALL": "C.UTF-8",
        **proxy_variables(os.environ),
    }
