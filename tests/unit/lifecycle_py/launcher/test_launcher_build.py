"""Compiling the launcher, and finding what was compiled."""

from __future__ import annotations

import importlib.metadata
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from lifecycle_py import launcher
from lifecycle_py.launcher import ARCHITECTURES, Architecture, build, launcher_file
from lifecycle_py.launcher.build import compile_launcher
from lifecycle_py.launcher.errors import CompilerMissingError, LauncherCompileError, LauncherMissingError
from tests.unit.lifecycle_py.launcher.compiled import HOST, host_launcher

ELF_MACHINES: dict[Architecture, int] = {"amd64": 62, "arm64": 183}


def _ignore(_line: str) -> None:
    """Report nothing."""


class TestCompile:
    """`compile_launcher`."""

    def test_reproducible(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Sources in another place, compiled from another working directory, give the same bytes."""
        sources = shutil.copytree(build.SOURCES, tmp_path / "a much longer path" / "source")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(build, "SOURCES", sources)

        compile_launcher(HOST, Path("relative", "launcher"), report=_ignore)

        assert host_launcher().read_bytes() == (tmp_path / "relative" / "launcher").read_bytes()

    @pytest.mark.parametrize("arch", ARCHITECTURES)
    def test_elf(self, tmp_path: Path, arch: Architecture) -> None:
        """The file is a small static executable for the architecture."""
        compile_launcher(arch, tmp_path / "launcher", report=_ignore)

        content = (tmp_path / "launcher").read_bytes()
        machine = struct.unpack_from("<H", content, 18)[0]
        needs_loader = b"ld-musl" in content or b"ld-linux" in content
        assert (b"\x7fELF", ELF_MACHINES[arch], False) == (content[:4], machine, needs_loader)
        assert 20_000 < len(content) < 64_000

    def test_up_to_date(self, tmp_path: Path) -> None:
        """A launcher made from the same inputs is left alone, one made from others is replaced."""
        lines: list[str] = []
        output = tmp_path / "launcher"
        compile_launcher(HOST, output, report=lines.append)
        first = len(lines)
        compile_launcher(HOST, output, report=lines.append)
        second = len(lines)
        output.with_name("launcher.inputs").write_text("others")
        compile_launcher(HOST, output, report=lines.append)

        assert (2, 2, 4) == (first, second, len(lines))

    def test_leaves_nothing_behind(self, tmp_path: Path) -> None:
        """Beside the executable only the record of its inputs remains."""
        compile_launcher(HOST, tmp_path / "launcher", report=_ignore)

        names = sorted(path.name for path in tmp_path.iterdir())
        assert (["launcher", "launcher.inputs"], 0o755) == (names, (tmp_path / "launcher").stat().st_mode & 0o777)

    def test_rejected_sources(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error of the compiler is kept, and no file is left."""
        (tmp_path / "source").mkdir()
        (tmp_path / "source" / "main.c").write_text("int main(void) { return nonsense; }\n")
        monkeypatch.setattr(build, "SOURCES", tmp_path / "source")

        with pytest.raises(LauncherCompileError) as raised:
            compile_launcher(HOST, tmp_path / "out" / "launcher", report=_ignore)

        assert (HOST, True) == (raised.value.arch, "nonsense" in str(raised.value))
        assert [] == list((tmp_path / "out").iterdir())

    def test_without_ziglang(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A Python without the `ziglang` package is told what to install."""

        def no_version(name: str) -> str:
            raise importlib.metadata.PackageNotFoundError(name)

        monkeypatch.setattr(importlib.metadata, "version", no_version)

        with pytest.raises(CompilerMissingError, match="ziglang"):
            compile_launcher(HOST, tmp_path / "launcher", report=_ignore)


class TestLauncherFile:
    """`launcher_file` and what goes with it."""

    def test_found(self) -> None:
        """The compiled launcher is found by its architecture."""
        path = host_launcher()

        assert path == launcher_file(HOST)

    def test_not_compiled(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error carries where the file would be, and which there are."""
        (tmp_path / "linux-arm64").mkdir()
        (tmp_path / "linux-arm64" / "launcher").touch()
        monkeypatch.setattr(launcher, "_BINARIES", tmp_path)

        with pytest.raises(LauncherMissingError) as raised:
            launcher_file("amd64")

        expected = ("amd64", tmp_path / "linux-amd64" / "launcher", ("arm64",))
        assert expected == (raised.value.arch, raised.value.path, raised.value.available)

    @pytest.mark.parametrize("arch", ["riscv64", "", "../../etc"])
    def test_unknown_architecture(self, arch: str) -> None:
        """An architecture the launcher is never built for has no path."""
        with pytest.raises(LauncherMissingError) as raised:
            launcher_file(arch)

        assert (arch, None) == (raised.value.arch, raised.value.path)


def test_runs_without_a_root_file_system(tmp_path: Path) -> None:
    """The launcher needs no file but itself: its first failure is that nothing is set."""
    copy = shutil.copy(host_launcher(), tmp_path / "launcher")

    result = subprocess.run([copy], capture_output=True, text=True, check=False, env={})

    assert (11, True) == (result.returncode, "CNB_PLATFORM_API is not set" in result.stderr)
