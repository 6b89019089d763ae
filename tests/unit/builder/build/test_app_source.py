"""What of an app's directory a build gets."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builder.build.app_source import AppSource, check_app, copy_app
from builder.errors import AppMissingError, AppUnreadableError, GitUnusableError, SlugignoreError


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A small app that is no git repository."""
    source = tmp_path / "app"
    (source / "lib").mkdir(parents=True)
    (source / "main.py").write_text("main")
    (source / "lib" / "deep.py").write_text("deep")
    (source / "run.sh").write_text("run")
    (source / "run.sh").chmod(0o777)
    (source / "link").symlink_to("main.py")
    return source


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An empty directory."""
    directory = tmp_path / "target"
    directory.mkdir()
    return directory


def tree(directory: Path) -> dict[str, str]:
    """Give a directory as a text map."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            found[name] = f"link {os.readlink(path)}"
        elif path.is_dir():
            found[name] = f"dir {path.stat().st_mode & 0o777:o}"
        else:
            found[name] = f"file {path.stat().st_mode & 0o777:o} {path.read_text()}"
    return found


def git(directory: Path, *arguments: str) -> None:
    """Run git as nobody in particular."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", "-C", directory, *identity, *arguments], check=True, capture_output=True)


class TestCopy:
    """copy_app."""

    def test_modes_do_not_depend_on_the_umask(self, app: Path, target: Path) -> None:
        """Files become 0644 or 0755 and directories 0755, links stay links."""
        old = os.umask(0o077)
        try:
            copy_app(app, target, None)
        finally:
            os.umask(old)

        assert {
            "lib": "dir 755",
            "lib/deep.py": "file 644 deep",
            "link": "link main.py",
            "main.py": "file 644 main",
            "run.sh": "file 755 run",
        } == tree(target)

    def test_source_is_left_alone(self, app: Path, target: Path) -> None:
        """Changing the copy does not change the app."""
        copy_app(app, target, None)
        (target / "main.py").write_text("changed")

        assert "main" == (app / "main.py").read_text()

    def test_ignored_files_stay_out_of_a_git_work_tree(self, app: Path, target: Path) -> None:
        """Tracked and new files come, ignored ones and .git do not: a .env never reaches an image."""
        git(app, "init")
        (app / ".gitignore").write_text(".env\n")
        git(app, "add", "main.py", ".gitignore")
        git(app, "commit", "--message", "first")
        (app / ".env").write_text("SECRET=1")
        source = copy_app(app, target, None)

        assert {".gitignore", "lib", "lib/deep.py", "link", "main.py", "run.sh"} == set(tree(target))
        assert AppSource(files=5, known_to_git=True) == source

    def test_deleted_but_tracked_file_is_no_error(self, app: Path, target: Path) -> None:
        """A file that git still lists and the developer deleted is not there."""
        git(app, "init")
        git(app, "add", "--all")
        (app / "main.py").unlink()
        copy_app(app, target, None)

        assert "main.py" not in tree(target)

    def test_directory_that_git_ignores_as_a_whole_is_copied(self, app: Path, target: Path) -> None:
        """Who builds an ignored directory means it."""
        git(app.parent, "init")
        (app.parent / ".gitignore").write_text("app/\n")
        source = copy_app(app, target, None)

        assert not source.known_to_git
        assert "main.py" in tree(target)

    def test_repository_of_somebody_else_runs_nothing(self, app: Path, target: Path) -> None:
        """A file system monitor configured in the app's repository is not started."""
        git(app, "init")
        git(app, "config", "core.fsmonitor", f"touch {app.parent / 'started'};")
        copy_app(app, target, None)

        assert not (app.parent / "started").exists()

    def test_sockets_and_pipes_are_left_out(self, app: Path, target: Path) -> None:
        """Special files mean nothing in an image."""
        os.mkfifo(app / "pipe")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(app / "sock"))
            copy_app(app, target, None)

        assert not {"pipe", "sock"} & set(tree(target))

    @pytest.mark.parametrize(
        ("patterns", "missing"),
        [("*.sh\n", {"run.sh"}), ("# comment\n\nlib/\n", {"lib", "lib/deep.py"}), ("/main.py", {"main.py"})],
    )
    def test_slugignore(self, app: Path, target: Path, patterns: str, missing: set[str]) -> None:
        """What .slugignore names stays out."""
        (app / ".slugignore").write_text(patterns)
        everything = {".slugignore", "lib", "lib/deep.py", "link", "main.py", "run.sh"}
        copy_app(app, target, None)

        assert everything - missing == set(tree(target))

    def test_negated_slugignore_is_an_error_with_its_line(self, app: Path, target: Path) -> None:
        """Heroku has no negation, so a line with one is told (heroku.md §12 statement 16)."""
        (app / ".slugignore").write_text("*.sh\n!run.sh\n")
        with pytest.raises(SlugignoreError) as raised:
            copy_app(app, target, None)

        assert (2, "!run.sh") == (raised.value.line, raised.value.text)
        assert {} == tree(target)

    def test_unreadable_file_is_named(self) -> None:
        """A file that may not be read is named, with the way out."""
        with as_ordinary_user() as directory:
            app, target = directory / "app", directory / "target"
            app.mkdir()
            target.mkdir()
            (app / "closed.py").touch(mode=0)
            with pytest.raises(AppUnreadableError, match=r"closed\.py"):
                copy_app(app, target, None)


@contextmanager
def as_ordinary_user() -> Iterator[Path]:
    """Give a directory of an ordinary user, and be that user: root reads everything."""
    with tempfile.TemporaryDirectory() as temporary:
        if os.geteuid() != 0:
            yield Path(temporary)
            return
        os.chown(temporary, 65534, 65534)
        os.seteuid(65534)
        try:
            yield Path(temporary)
        finally:
            os.seteuid(0)


class TestCheck:
    """check_app."""

    def test_missing_directory_names_the_nearest(self, app: Path) -> None:
        """A misspelled directory is answered with the right one."""
        with pytest.raises(AppMissingError) as raised:
            check_app(app.parent / "ap")

        assert (f"Did you mean '{app}'?",) == raised.value.explain().fix

    @pytest.mark.parametrize(("name", "problem"), [("main.py", "it is a file"), ("empty", "is empty")])
    def test_not_an_app(self, app: Path, name: str, problem: str) -> None:
        """A file and an empty directory are told apart."""
        (app / "empty").mkdir()
        with pytest.raises(AppMissingError, match=problem):
            check_app(app / name)


class TestLinks:
    """Links of an app lead nowhere during the copy."""

    def test_directory_that_became_a_link_is_copied_as_the_link(self, app: Path, target: Path, tmp_path: Path) -> None:
        """Git still lists what was below it; none of it is read or written through the link."""
        outside = tmp_path / "outside"
        outside.mkdir(mode=0o700)
        git(app, "init")
        git(app, "add", "--all")
        (app / "lib" / "deep.py").unlink()
        (app / "lib").rmdir()
        (outside / "deep.py").write_text("of the host")
        (app / "lib").symlink_to(outside)
        copy_app(app, target, None)

        assert f"link {outside}" == tree(target)["lib"]
        assert "of the host" == (outside / "deep.py").read_text()
        assert 0o700 == outside.stat().st_mode & 0o777

    def test_broken_repository_is_an_error(self, app: Path, target: Path) -> None:
        """When git cannot say what is ignored, nothing is copied."""
        git(app, "init")
        (app / ".git" / "index").write_bytes(b"garbage")
        with pytest.raises(GitUnusableError, match="index"):
            copy_app(app, target, None)

        assert {} == tree(target)
