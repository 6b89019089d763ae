"""What the next builds have of what a task made: an unchanged one all of it, a changed one no more than Heroku's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from buildpacks.sdk.commands import Command
from tests.support.ruby_app import RailsApp

PRODUCTION = "config/environments/production.rb"


class AppWithTask(RailsApp):
    """An app whose assets:precompile does more: it works on the app directory before the rest of the task."""

    def __init__(self, directory: Path, task: Callable[[Path], None], files: dict[str, str] | None = None) -> None:
        """Lay out the app."""
        super().__init__(directory, files)
        self.task = task

    def _precompile(self, command: Command) -> None:
        self.task(command.working_dir)
        super()._precompile(command)

    def tree(self) -> dict[str, bytes]:
        """Give all files of the app but the installed gems."""
        paths = (path for path in self.app_dir.rglob("*") if path.is_file())
        return {str(path.relative_to(self.app_dir)): path.read_bytes() for path in paths}


def test_committed_file_that_a_task_rewrites_is_rewritten_in_every_image(tmp_path: Path) -> None:
    """The unchanged build gives the image that the first one gave."""

    def task(app: Path) -> None:
        (app / "public/robots.txt").write_text("Disallow: /\n")

    app = AppWithTask(tmp_path, task, {"public/robots.txt": "to be filled in\n"})
    app.build()
    first = app.tree()
    app.start_afresh()

    app.build().layer("compiled").assert_restored()

    assert app.tree() == first
    assert first["public/robots.txt"] == b"Disallow: /\n"


def test_file_that_a_task_makes_only_where_it_is_not_there(tmp_path: Path) -> None:
    """It is in every image: a changed build makes it anew, since it finds the source and no more than two caches."""

    def task(app: Path) -> None:
        (app / "public/packs").mkdir(parents=True, exist_ok=True)
        if not (app / "public/packs/app.js").exists():
            (app / "public/packs/app.js").write_text("run()")

    app = AppWithTask(tmp_path, task)
    app.build()
    trees = []
    for _ in range(2):
        app.start_afresh()
        app.write({"app/models/shop.rb": "class Shop; NAME = 'x'; end\n"})
        app.build()
        trees.append(app.tree())

    assert trees[0]["public/packs/app.js"] == b"run()"
    assert trees[0] == trees[1]


def test_file_that_is_no_longer_made_is_in_no_later_image(tmp_path: Path) -> None:
    """What an earlier source made, outside of the assets and their cache, is not kept for a later one."""

    def task(app: Path) -> None:
        for name in (app / "app/packs.txt").read_text().split():
            (app / "app/assets/builds").mkdir(parents=True, exist_ok=True)
            (app / "app/assets/builds" / name).write_text(name)

    app = AppWithTask(tmp_path, task, {"app/packs.txt": "shop.js old.js"})
    app.build()
    app.start_afresh()
    app.write({"app/packs.txt": "shop.js"})

    app.build()

    assert (app.app_dir / "app/assets/builds/shop.js").exists()
    assert not (app.app_dir / "app/assets/builds/old.js").exists()


def test_cache_for_assets_at_run_time_is_in_every_image(tmp_path: Path) -> None:
    """An app that compiles assets while it runs has Sprockets' cache, also when the build had nothing to do."""
    app = AppWithTask(tmp_path, lambda _app: None, {PRODUCTION: "  config.assets.compile = true\n"})
    app.build()
    first = app.tree()
    app.start_afresh()

    app.build().layer("compiled").assert_restored()

    assert "tmp/cache/assets/sprockets/entry" in first
    assert app.tree() == first
