"""One digest of an app's source, times that follow from contents, and what changed since."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildpacks.ruby.source_files import IMAGE_TIME, changed_since, digest_source, snapshot, source_files
from tests.support.trees import write_tree

FILES = {"app/models/shop.rb": "class Shop; end\n", "config.ru": "run App\n", "lib/empty.rb": ""}


def tree(directory: Path, files: dict[str, str] | None = None) -> Path:
    """Lay out an app."""
    write_tree(directory, FILES | (files or {}))
    return directory


@pytest.mark.parametrize(
    "path",
    ["log/production.log", "tmp/cache/x", "vendor/bundle/ruby/x.rb", "node_modules/x/index.js", "storage/ab",
     "client/node_modules/x.js", ".git/HEAD"],
)  # fmt: skip
def test_what_is_installed_or_written_at_run_time_is_no_source(tmp_path: Path, path: str) -> None:
    """It changes without anybody having changed the app."""
    assert digest_source(tree(tmp_path / "a", {path: "x"})) == digest_source(tree(tmp_path / "b"))


@pytest.mark.parametrize(
    "path",
    ["app/models/shop.rb", "vendor/assets/x.js", "public/assets/a.css", "lib/tmp/x.rb", "app/models/storage/disk.rb",
     "lib/log/entry.rb", ".env"],
)  # fmt: skip
def test_everything_else_is(tmp_path: Path, path: str) -> None:
    """A change of any file of the source is seen."""
    assert digest_source(tree(tmp_path / "a", {path: "changed"})) != digest_source(tree(tmp_path / "b"))


def test_names_modes_and_links_are_part_of_it(tmp_path: Path) -> None:
    """The same contents under another name, a program that cannot be run, a link elsewhere: each is another source."""
    digests = [digest_source(tree(tmp_path / "plain"))]
    renamed = tree(tmp_path / "renamed")
    (renamed / "config.ru").rename(renamed / "app.ru")
    executable = tree(tmp_path / "executable")
    (executable / "config.ru").chmod(0o755)
    for at in ("one", "two"):
        (tree(tmp_path / at) / "link").symlink_to(at)

    digests += [digest_source(tmp_path / name) for name in ("renamed", "executable", "one", "two")]

    assert len(set(digests)) == len(digests)


def test_times_follow_from_contents_alone(tmp_path: Path) -> None:
    """Whenever and in whatever order files were checked out, the same ones have the same times; another has another."""
    times = []
    for name, now in (("a", 1_000_000_000), ("b", 1_700_000_000)):
        app = tree(tmp_path / name)
        for path in app.rglob("*"):
            os.utime(path, (now, now))
        digest_source(app)
        times.append({path.relative_to(app): path.stat().st_mtime for path in app.rglob("*")})

    assert times[0] == times[1]
    files = {path: time for path, time in times[0].items() if path.suffix}
    assert len(set(files.values())) == len(FILES)
    assert min(files.values()) >= IMAGE_TIME


def test_link_out_of_the_app_is_not_followed(tmp_path: Path) -> None:
    """Neither is what lies there read, nor is its time set."""
    outside = tmp_path / "outside"
    write_tree(outside, {"secret": "x"})
    os.utime(outside / "secret", (5, 5))
    app = tree(tmp_path / "app")
    (app / "files").symlink_to(outside)
    (app / "secret").symlink_to(outside / "secret")
    before = digest_source(app)
    (outside / "secret").write_text("changed")
    os.utime(outside / "secret", (5, 5))

    assert digest_source(app) == before
    assert (outside / "secret").stat().st_mtime == 5
    assert {app / "files", app / "secret"} <= set(source_files(app))


def test_changes_since_a_snapshot(tmp_path: Path) -> None:
    """What was made, rewritten, or can be run now; what was removed or only read is none."""
    app = tree(tmp_path, {"public/old.css": "x", "bin/run": "x"})
    before = snapshot(app)
    write_tree(app, {"public/new.css": "x", "app/models/shop.rb": "class Shop; NAME = 1; end\n", "log/x.log": "x"})
    (app / "public/old.css").unlink()
    (app / "bin/run").chmod(0o755)
    (app / "config.ru").read_text()

    assert set(map(str, changed_since(before, app))) == {"public/new.css", "app/models/shop.rb", "bin/run"}
