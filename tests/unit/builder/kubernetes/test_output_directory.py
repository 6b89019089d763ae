"""Writing into a directory that is also other people's."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import NotOurFileError, OutputDirectoryError
from builder.kubernetes.formats import FORMATS
from builder.kubernetes.formats.format import OutputFile
from builder.kubernetes.kubernetes_version import NEWEST
from builder.kubernetes.output_directory import write_files
from tests.unit.builder.kubernetes.samples import plan_of


def _ours(path: str, app: str = "shop", rest: str = "") -> OutputFile:
    return OutputFile(path=path, text=f"# Written by offramp 0.1.0 for app {app}, from x\n{rest}")


def _tree(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text(encoding="utf-8")
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_write_twice(tmp_path: Path) -> None:
    """A second run replaces what the first one wrote and leaves nothing else."""
    out = tmp_path / "new" / "out"
    write_files(out, "shop", [_ours("2/web.yaml")])
    write_files(out, "shop", [_ours("2/web.yaml", rest="more")])

    assert _tree(out) == {"2/web.yaml": _ours("", rest="more").text}
    assert sorted(path.name for path in out.iterdir()) == ["2"]


def test_stale_files_are_removed(tmp_path: Path) -> None:
    """What is no longer part of the app goes; other people's files, apps and formats stay."""
    (tmp_path / "kustomization.yaml").write_text("resources: []\n", encoding="utf-8")
    write_files(tmp_path, "shop", [_ours("1/release.yaml"), _ours("2/web.yaml")])
    write_files(tmp_path, "blog", [_ours("2/blog.yaml", app="blog")])
    plan = FORMATS["plan"].render(plan_of(["web"]), NEWEST)
    write_files(tmp_path, "shop", plan)

    removed = write_files(tmp_path, "shop", [_ours("2/web.yaml")])

    assert removed == (tmp_path / "1/release.yaml",)
    assert list(_tree(tmp_path)) == ["2/blog.yaml", "2/web.yaml", "kustomization.yaml", "plan.json"]
    assert not (tmp_path / "1").exists()


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_knows_its_own_files(tmp_path: Path, name: str) -> None:
    """Each format's files are recognised by a second run for the same app, and by none for another."""
    files = FORMATS[name].render(plan_of(["web", "release"]), NEWEST)
    write_files(tmp_path, "shop", files)
    write_files(tmp_path, "shop", files)

    with pytest.raises(NotOurFileError):
        write_files(tmp_path, "blog", files)


@pytest.mark.parametrize("kind", ["file", "link", "directory"])
def test_not_ours(tmp_path: Path, kind: str) -> None:
    """Nothing is written when one of the files is somebody else's."""
    path = tmp_path / "2" / "worker.yaml"
    path.parent.mkdir()
    if kind == "file":
        path.write_text("kind: Deployment\n", encoding="utf-8")
    elif kind == "link":
        path.symlink_to("nowhere")
    else:
        path.mkdir()
    before = _tree(tmp_path)

    with pytest.raises(NotOurFileError) as caught:
        write_files(tmp_path, "shop", [_ours("1/web.yaml"), _ours("2/worker.yaml")])

    assert caught.value.files == (path,)
    assert _tree(tmp_path) == before


def test_not_a_directory(tmp_path: Path) -> None:
    """A file where the directory should be is an error in words."""
    (tmp_path / "out").write_text("", encoding="utf-8")

    with pytest.raises(OutputDirectoryError):
        write_files(tmp_path / "out", "shop", [_ours("web.yaml")])


def test_nothing_stays_after_a_failure(tmp_path: Path) -> None:
    """A failure half-way leaves neither files nor the directory it made."""
    files = [_ours("2/web.yaml"), OutputFile(path="2/web.yaml/inside.yaml", text="")]

    with pytest.raises(OutputDirectoryError):
        write_files(tmp_path / "out", "shop", files)

    assert not (tmp_path / "out").exists()
