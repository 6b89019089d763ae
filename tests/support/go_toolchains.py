"""Small stand-ins for Go: a toolchain's module in a proxy's directory, and a ``go`` that goes by the names of files.

The module is real in form (a zip with its sum, in the layout of a module proxy), so that downloading, verifying and
unpacking are the product's own. What is inside does not run: ``fake_go`` answers in its place.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from buildpacks.go.buildpack import GoBuildpack
from buildpacks.go.inventory import GoInventory
from buildpacks.go.module_zip import sum_of
from buildpacks.sdk import Command
from buildpacks.sdk.commands import run_program
from buildpacks.sdk.testing import AppUnderTest, FakePrograms

MODULE = "golang.org/toolchain"
_MAIN = re.compile(r"^package main$", re.MULTILINE)
NEWEST = {(1, 25): 2, (1, 26): 3, (1, 27): 1}
VERSIONS = ("1.25.2", "1.26.2", "1.26.3", "1.27.1", "1.27.3")
_FILES = {
    "bin/go": "go",
    "pkg/tool/linux_amd64/compile": "compile",
    "src/_go.mod": "module std\n",
    "src/fmt/print.go": "package fmt\n",
    "src/fmt/print_test.go": "package fmt\n",
    "src/fmt/testdata/x.txt": "x",
    "VERSION": "go",
}


def fill_proxy(directory: Path, versions: tuple[str, ...] = VERSIONS) -> GoInventory:
    """Write toolchains into a proxy's directory, and give the inventory that knows their sums."""
    place = directory / MODULE / "@v"
    place.mkdir(parents=True)
    sums = {}
    for version in versions:
        name = f"go{version}.linux-amd64"
        file = place / f"v0.0.1-{name}.zip"
        with zipfile.ZipFile(file, "w") as archive:
            for path, text in _FILES.items():
                archive.writestr(zipfile.ZipInfo(f"{MODULE}@v0.0.1-{name}/{path}"), f"{text}{version}\n")
        sums[name] = sum_of(file, name)
    return GoInventory(newest=NEWEST, sums=sums)


def fake_go(command: Command) -> tuple[int, str]:
    """Stand in for ``go``: every directory with a file that begins with 'package main' is a program."""
    app, environment = command.working_dir, command.environment
    if command.argv[1] == "list":
        if any(pattern.startswith("./missing") for pattern in command.argv):
            return 1, "pattern ./missing: directory not found"
        return 0, "\n".join(
            f"{package}\t{directory}\t{environment['GOBIN']}/{name}"
            for name, package, directory in programs_in(app, command.argv)
        )
    if command.argv[1] == "install":
        broken = next((file for file in sorted(app.rglob("*.go")) if "BROKEN" in file.read_text()), None)
        if broken:
            return 1, broken.read_text().partition("BROKEN ")[2]
        (Path(environment["GOCACHE"]) / "used").touch()
        for name, _, _ in programs_in(app, command.argv):
            (Path(environment["GOBIN"]) / name).write_text(f"#!/bin/sh\necho {name} runs\n")
        return 0, "example.com/shop"
    if command.argv[1] == "version":
        return 0, "".join(
            f"{path}: go1.27.1\n\tdep\tgithub.com/go-kit/kit\tv0.13.0\th1:x=\n" for path in command.argv[3:]
        )
    return 2, f"unknown: {command.argv[1]}"


def programs_in(app: Path, argv: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Give name, import path and directory of the programs that some patterns mean."""
    module = re.search(r"^module (\S+)", (app / "go.mod").read_text(), re.MULTILINE)
    assert module is not None
    mains = sorted({file.parent for file in app.rglob("*.go") if _MAIN.search(file.read_text())})
    found = []
    for directory in mains:
        relative = directory.relative_to(app).as_posix()
        package = module[1] if relative == "." else f"{module[1]}/{relative}"
        wanted = {"./...", package, f"./{relative}", "." if relative == "." else package}
        below = any(word.endswith("/...") and f"./{relative}".startswith(word.removesuffix("...")) for word in argv)
        if below or wanted & set(argv):
            found.append((package.rpartition("/")[2], package, str(directory)))
    return found


class GoApp(AppUnderTest):
    """A Go app whose toolchains come from a directory and whose ``go`` is a stand-in; its hooks really run."""

    def __init__(self, tmp_path: Path, files: Mapping[str, str | bytes] | Path, **user_env: str) -> None:
        """Lay out the app and a proxy; GOPROXY may be given to have none."""
        self.proxy = tmp_path / "proxy"
        self.inventory = fill_proxy(self.proxy)
        self.fakes = FakePrograms({"go": fake_go})
        settings = {"GOPROXY": f"file://{self.proxy}", **user_env}
        super().__init__(GoBuildpack(lambda: self.inventory), tmp_path, files, programs=self._run, user_env=settings)

    def _run(self, command: Command, on_line: Callable[[str], None]) -> int:
        return (self.fakes if Path(command.argv[0]).name == "go" else run_program)(command, on_line)

    @property
    def go_commands(self) -> list[str]:
        """Give the ``go`` commands that ran, without the path of the program."""
        lines = [one for one in self.fakes.commands if Path(one.argv[0]).name == "go"]
        return [" ".join(one.argv[1:]) for one in lines]

    @property
    def install(self) -> Command:
        """Give the last ``go install``."""
        return next(one for one in reversed(self.fakes.commands) if one.argv[1:2] == ("install",))
