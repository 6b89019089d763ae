"""An app image's file system in a temporary directory, and the launcher running in it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

BUILDPACK = "test/buildpack"


@dataclass(frozen=True)
class Outcome:
    """What a finished launch left: the exit status and both outputs."""

    status: int
    stdout: bytes
    stderr: str


@dataclass
class AppImage:
    """The layers and app directory of an image; `launcher` is the binary under test."""

    root: Path
    launcher: Path
    document: dict[str, Any] = field(default_factory=lambda: {"buildpacks": [], "processes": []})

    def __post_init__(self) -> None:
        """Make the directories every image has."""
        (self.root / "process").mkdir(parents=True)
        (self.layers / "config").mkdir(parents=True)
        self.app.mkdir()

    @property
    def layers(self) -> Path:
        """The layers directory."""
        return self.root / "layers"

    @property
    def app(self) -> Path:
        """The app directory."""
        return self.root / "app"

    def buildpack(self, buildpack_id: str = BUILDPACK, api: str = "0.12") -> Path:
        """Add a buildpack and return the directory of its layers."""
        self.document["buildpacks"].append({"id": buildpack_id, "version": "1.0.0", "api": api})
        directory = self.layers / buildpack_id.replace("/", "_")
        directory.mkdir(exist_ok=True)
        return directory

    def process(self, process_type: str, command: Sequence[str] | str, **more: object) -> None:
        """Add a process of the test buildpack: direct and without arguments, unless `more` says otherwise."""
        command = command if isinstance(command, str) else list(command)
        defaults = {"args": [], "direct": True, "buildpack-id": BUILDPACK}
        given = {key.replace("_", "-"): value for key, value in more.items()}
        self.document["processes"].append({"type": process_type, "command": command} | defaults | given)

    def write_metadata(self, text: str | None = None) -> None:
        """Write metadata.toml: the document as it stands, or `text`."""
        (self.layers / "config" / "metadata.toml").write_text(tomli_w.dumps(self.document) if text is None else text)

    def run(self, name: str, *args: str | bytes, env: Mapping[str, str] | None = None, api: str = "0.15") -> Outcome:
        """Write metadata.toml and launch under `name`, as the link /cnb/process/<name> would, to its end."""
        self.write_metadata()
        return self.run_as_is(name, *args, env=env, api=api)

    def run_as_is(
        self, name: str, *args: str | bytes, env: Mapping[str, str] | None = None, api: str = "0.15"
    ) -> Outcome:
        """Launch with whatever metadata.toml there is."""
        with self.started(name, *args, env=env, api=api) as process:
            stdout, stderr = process.communicate(timeout=20)
        return Outcome(process.returncode, stdout, stderr.decode())

    @contextmanager
    def started(
        self, name: str, *args: str | bytes, env: Mapping[str, str] | None = None, api: str = "0.15"
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Launch, and end the process at exit if it is still running."""
        environment = {
            "PATH": "/cnb/process:/cnb/lifecycle:/usr/bin:/bin",
            "CNB_LAYERS_DIR": str(self.layers),
            "CNB_APP_DIR": str(self.app),
            "CNB_PLATFORM_API": api,
            "CNB_DEPRECATION_MODE": "quiet",
            "ASAN_OPTIONS": "detect_leaks=0",
        } | dict(env or {})
        with subprocess.Popen(
            [str(self.root / "process" / name), *args],
            executable=self.launcher,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def environment(self, process_type: str = "web", **settings: Any) -> dict[str, bytes]:
        """Launch a process that shows its environment, and return it."""
        if not any(process["type"] == process_type for process in self.document["processes"]):
            self.process(process_type, ["/usr/bin/env", "-0"])
        outcome = self.run(process_type, **settings)
        assert (0, "") == (outcome.status, outcome.stderr)
        lines = [line.partition(b"=") for line in outcome.stdout.split(b"\0") if line]
        return {name.decode(): value for name, _, value in lines if name != b"ASAN_OPTIONS"}


def write(path: Path, content: str | bytes, *, mode: int = 0o644) -> Path:
    """Write a file and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def write_program(path: Path, body: str) -> Path:
    """Write an executable shell script."""
    return write(path, f"#!/bin/sh\n{body}\n", mode=0o755)
