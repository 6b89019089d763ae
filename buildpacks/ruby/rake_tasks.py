"""Which rake tasks an app has: assets are compiled by one, and a worker may be another.

Asking rake starts the whole app, so the answer is kept while the files that define tasks are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from buildpacks.ruby.app_errors import RakefileError
from buildpacks.ruby.app_trace import app_lines
from buildpacks.ruby.bundle import Bundle
from buildpacks.ruby.family import Family
from buildpacks.ruby.rake_environment import rake_environment
from buildpacks.ruby.source_files import leaving_no_trace
from buildpacks.sdk import BuildContext, CommandFailedError, LayerTypes, changed, read_bytes_if_present, sha256_of

RAKEFILES = ("Rakefile", "rakefile", "Rakefile.rb", "rakefile.rb")
PRECOMPILE, CLEAN, WORK = "assets:precompile", "assets:clean", "jobs:work"
_DEFINING = ("config", "lib/tasks", "rakelib")
_KNOWN = (PRECOMPILE, CLEAN, WORK)
_FATAL_FROM = 3  # the first Rails whose Rakefile has to load
_NOTE = "tasks"


@dataclass(frozen=True, kw_only=True, slots=True)
class TasksKey:
    """What decides which tasks there are."""

    files: str = changed("the files that define rake tasks")
    bundle: str = changed("the gems")


def list_tasks(context: BuildContext, bundle: Bundle, family: Family) -> frozenset[str]:
    """Give the names of the tasks that matter; none without a Rakefile or without the gem rake.

    Raises:
        RakefileError: a Rails app's Rakefile does not load. Of another app this is a warning, as on Heroku.
    """
    rakefile = next((name for name in RAKEFILES if (context.app_dir / name).is_file()), None)
    if rakefile is None:
        return frozenset()
    if not bundle.lock.has("rake"):
        context.output.step(f"Running no rake task: '{rakefile}' is there, and Gemfile.lock has no rake")
        return frozenset()
    key = TasksKey(files=_digest(context.app_dir, rakefile), bundle=bundle.fingerprint)
    layer = context.layer("tasks", key, types=LayerTypes(cache=True))
    if layer.is_restored:
        layer.notes = layer.restored_notes
        return frozenset(layer.notes[_NOTE])
    with context.output.timed("Looking for rake tasks"):
        try:
            environment = rake_environment(bundle, family, bootsnap=layer.path / "bootsnap")
            with leaving_no_trace(context.app_dir):
                lines = bundle.run(context, "rake", "-P", "--trace", show=False, environment=environment)
        except CommandFailedError as error:
            layer.key = {}  # nothing was learnt: the next build asks again
            if family.at_least(_FATAL_FROM):
                raise RakefileError(rakefile=rakefile, lines=app_lines(error.lines)) from error
            context.output.warning(
                f"'{rakefile}' does not load, so no rake task is run", "\n".join(app_lines(error.lines))
            )
            return frozenset()
    layer.notes = {_NOTE: sorted(parse_tasks(lines) & set(_KNOWN))}
    return frozenset(layer.notes[_NOTE])


def parse_tasks(lines: Iterable[str]) -> set[str]:
    """Read the output of ``rake -P``: ``rake NAME`` for each task, and indented what it needs. Pure."""
    return {line.removeprefix("rake ").strip() for line in lines if line.startswith("rake ")}


def _digest(app_dir: Path, rakefile: str) -> str:
    paths = (app_dir / rakefile, *_files(app_dir))
    return sha256_of(b"".join(b"%s\0%s\0" % (bytes(path), read_bytes_if_present(path) or b"") for path in paths))


def _files(app_dir: Path) -> Iterator[Path]:
    for directory in _DEFINING:
        yield from sorted(path for path in (app_dir / directory).rglob("*") if path.is_file() and not path.is_symlink())
