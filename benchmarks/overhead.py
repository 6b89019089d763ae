"""What does ``offramp build`` cost on top of the package manager's own work?

The same commands are run by hand, in the same kind of sandbox over the same build image, with the arguments and the
environment the Python buildpack gives them. What is left over is ours: preparing, detecting, making the layers'
bytecode the same in every build, exporting.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from benchmarks.measure import Finding, Settings, Timing, clock, human, times
from builder.build.executor import BuildEnvironment, Mount
from builder.build.sandbox import SandboxExecutor
from builder.build.sandbox_owner import sandbox_owner
from lifecycle_py.session import Command, Session
from tests.support.offramp import APPS, REPOSITORY, installation
from tests.support.stack import debian_13

_APP: Final = "python_django"

# Step → script. Each is one command a person without Offramp has to run, too.
_BY_HAND: Final = {
    "pip itself": "python3 -m pip install --require-hashes --no-deps --only-binary=:all: --no-cache-dir --no-input"
    " --quiet --target /layers/pip --requirement /platform/pip.txt",
    "environment": "python3 -m venv --without-pip /layers/venv",
    "pip install": "PIP_CACHE_DIR=/layers/cache /layers/venv/bin/python /layers/pip/pip install"
    " --requirement requirements.txt --exists-action=w --no-input --progress-bar off --src /layers/venv/src"
    " --no-compile",
    "bytecode": "/layers/venv/bin/python -m compileall -q -j 0 /layers/venv",
    "collectstatic": "PYTHONPATH=. PYTHONDONTWRITEBYTECODE=1"
    " /layers/venv/bin/python manage.py collectstatic --noinput --traceback",
}
# What is done again when nothing changed: pip finds everything installed.
_AGAIN: Final = ("pip install", "collectstatic")
_ENVIRONMENT: Final = {
    "PATH": b"/usr/local/bin:/usr/bin:/bin",
    "HOME": b"/app",
    "LANG": b"C.UTF-8",
    "PIP_DISABLE_PIP_VERSION_CHECK": b"1",
    "PYTHONNOUSERSITE": b"1",
    "PYTHONUNBUFFERED": b"1",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Round:
    """Seconds of one cold and one unchanged build, and of the steps by hand."""

    cold: float
    unchanged: float
    by_hand: dict[str, float]
    again: dict[str, float]


def measure(settings: Settings) -> Iterator[Finding]:
    """Build with nothing but the stack present, build again, and do both by hand; in turns."""
    rounds = [_one_round(settings.scratch / f"{number}") for number in range(settings.runs)]
    pip = Timing(tuple(one.by_hand["pip install"] for one in rounds))
    again = Timing(tuple(one.again["pip install"] for one in rounds))
    steps = {f"by hand, {name}": Timing(tuple(one.by_hand[name] for one in rounds)) for name in _BY_HAND}
    steps_again = {f"by hand again, {name}": Timing(tuple(one.again[name] for one in rounds)) for name in _AGAIN}
    for name, built, manager, all_steps in (
        ("cold", Timing(tuple(one.cold for one in rounds)), pip, steps),
        ("unchanged", Timing(tuple(one.unchanged for one in rounds)), again, steps_again),
    ):
        whole = sum(step.median for step in all_steps.values())
        yield Finding(
            question=f"{name} build less 'pip install' by hand",
            number=f"{human(built.median - manager.median)}; the build is {times(built.median / manager.median)} pip",
            raw={f"offramp build, {name}": built, **all_steps},
        )
        yield Finding(
            question=f"{name} build less all its commands by hand",
            number=f"{human(built.median - whole)}; the build is {times(built.median / whole)} the commands",
            raw={},
        )


def _one_round(scratch: Path) -> _Round:
    with installation() as offramp:
        os.sync()  # both sides write thousands of files: neither is to wait for the other's
        cold = clock(lambda: offramp.build(_APP, "shop"))
        unchanged = clock(lambda: offramp.build(_APP, "shop"))
    with _sandbox(scratch) as session:
        os.sync()
        return _Round(
            cold=cold,
            unchanged=unchanged,
            by_hand={name: clock(partial(_run, session, script)) for name, script in _BY_HAND.items()},
            again={name: clock(partial(_run, session, _BY_HAND[name])) for name in _AGAIN},
        )


@contextmanager
def _sandbox(scratch: Path) -> Iterator[Session]:
    """Open a sandbox with a copy of the app, the buildpack's pins and a place to work in."""
    app, work = scratch / "app", scratch / "work"
    shutil.copytree(APPS / _APP, app, ignore=shutil.ignore_patterns("__pycache__"))
    work.mkdir()
    if os.geteuid() == 0:
        owner = sandbox_owner()
        for path in (scratch, work, app, *app.rglob("*")):
            os.chown(path, owner.uid, owner.gid)
    environment = BuildEnvironment(
        root=debian_13().build_root,
        mounts=(
            Mount(source=app, target=PurePosixPath("/app"), writable=True),
            Mount(source=work, target=PurePosixPath("/layers"), writable=True),
            Mount(source=REPOSITORY / "buildpacks" / "python" / "tools", target=PurePosixPath("/platform")),
        ),
    )
    with SandboxExecutor().open(environment) as session:
        yield session


def _run(session: Session, script: str) -> None:
    lines: list[str] = []
    command = Command(argv=("sh", "-c", f"exec env {script}"), env=_ENVIRONMENT, working_dir=PurePosixPath("/app"))
    status = session.run(command, lines.append)
    if not status.ok:
        raise RuntimeError("\n".join((script, *lines)))
