"""What is kept between builds: it is listed as what it is, and goes when it is old or too much."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from builder.caches.in_use import in_use, mark_used
from builder.caches.inventory import Entry, Kind, inventory
from builder.caches.prune import Limits, cache_limit, choose, prune, prune_now_and_then, total
from builder.cli.cache import command
from builder.errors import InvalidSizeError
from builder.places import Places

_HOUR = 3600
_BLOCK = 4096


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Give places where nothing is kept yet."""
    return Places(data=tmp_path / "data", cache=tmp_path / "cache")


def _make(directory: Path, *, hours: float, blocks: int = 1) -> Path:
    """Make a kept directory of a size, last used some hours ago."""
    directory.mkdir(parents=True)
    (directory / "file").write_bytes(b"x" * _BLOCK * blocks)
    used = time.time() - hours * _HOUR
    os.utime(directory, (used, used))
    return directory


def _fill(places: Places) -> dict[str, Path]:
    """Keep something of each kind, from the newest to the oldest."""
    app = places.app_cache("example/shop:latest")
    return {
        "app": _make(app, hours=2),
        "trees": _make(places.trees(app), hours=2),
        "root": _make(places.roots / ("a" * 64), hours=3),
        "run": _make(places.runs / f"sha256-{'b' * 64}", hours=4),
        "buildpacks": _make(places.buildpacks / ("c" * 32), hours=5),
        "packages": _make(places.stacks, hours=6),
        "orphan": _make(places.trees(Path("/elsewhere")), hours=7),
    }


def _names(entries: tuple[Entry, ...]) -> list[tuple[str, str]]:
    return [(str(entry.kind), entry.name) for entry in entries]


def test_inventory_lists_each_kind_by_last_use(places: Places) -> None:
    """An app's layers and trees are one entry; hashes are shortened."""
    _fill(places)
    (places.cache / "of somebody else").mkdir()
    (places.roots / ".partial").mkdir()

    assert [
        ("app", "example-shop-latest"),
        ("base image", "a" * 12),
        ("run", "b" * 12),
        ("buildpacks", "c" * 12),
        ("packages", "for base images"),
        ("app", "elsewhere"),
    ] == _names(inventory(places))


def test_a_file_with_two_names_counts_once(places: Places) -> None:
    """Blobs are linked, not copied."""
    app = _make(places.app_cache("x:1"), hours=1, blocks=4)
    os.link(app / "file", app / "other name")

    (entry,) = inventory(places)

    assert 4 * _BLOCK == entry.size


def test_nothing_is_kept_at_first(places: Places) -> None:
    """No directory, no entry, no error."""
    assert () == inventory(places)
    assert () == prune(places, Limits(size=0))


def test_prune_by_age(places: Places) -> None:
    """All that was not used for so long goes, with its trees."""
    made = _fill(places)

    pruned = prune(places, Limits(age=3.5 * _HOUR))

    assert ["run", "buildpacks", "packages", "app"] == [str(entry.kind) for entry in pruned]
    assert ["app", "trees", "root"] == [name for name, path in made.items() if path.exists()]


def test_prune_to_a_size(places: Places) -> None:
    """The least recently used goes first, and no more than needed."""
    made = _fill(places)
    entries = inventory(places)

    prune(places, Limits(size=total(entries) - 1))

    assert [name for name in made if name != "orphan"] == [name for name, path in made.items() if path.exists()]


def test_dry_run_deletes_nothing(places: Places) -> None:
    """It says what would go."""
    made = _fill(places)

    assert len(inventory(places)) == len(prune(places, Limits(size=0), dry_run=True))
    assert all(path.exists() for path in made.values())


def test_what_builds_stand_on_stays_while_one_is_under_way(places: Places) -> None:
    """Only caches of apps go: a build finds its layers missing at worst."""
    made = _fill(places)

    with in_use(places.cache):
        prune(places, Limits(size=0))

    assert ["root", "run", "buildpacks", "packages"] == [name for name, path in made.items() if path.exists()]
    prune(places, Limits(size=0))
    assert not any(path.exists() for path in made.values())


def test_a_cache_being_written_stays(places: Places) -> None:
    """Its update holds the lock."""
    app = _make(places.app_cache("x:1"), hours=9)
    with (app / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert () == prune(places, Limits(size=0))

    assert app.exists()


def test_leftovers_of_killed_processes_go(places: Places) -> None:
    """What is half unpacked or half deleted has a hidden name."""
    _make(places.roots / ".partial", hours=0)
    _make(places.cache / "trees" / ".deleted-x", hours=0)

    prune(places, Limits())

    assert [] == [*places.roots.iterdir(), *(places.cache / "trees").iterdir()]


def test_a_linked_directory_is_left_alone(places: Places, tmp_path: Path) -> None:
    """Base images shared through a link belong to whoever shares them."""
    shared = _make(tmp_path / "shared" / ("a" * 64), hours=9)
    places.cache.mkdir()
    places.roots.symlink_to(shared.parent)

    assert () == prune(places, Limits(size=0))
    assert shared.exists()


def test_after_a_build_what_was_just_used_stays(places: Places) -> None:
    """However small the limit: a build never finds its own cache gone."""
    made = _fill(places)
    mark_used(made["app"])

    prune_now_and_then(places, 0)

    assert ["app", "trees"] == [name for name, path in made.items() if path.exists()]


def test_after_a_build_it_looks_once_an_hour(places: Places) -> None:
    """Adding up a cache takes time that most builds need not spend."""
    places.cache.mkdir()
    prune_now_and_then(places, 0)
    made = _fill(places)

    prune_now_and_then(places, 0)
    assert all(path.exists() for path in made.values())

    os.utime(places.cache / ".pruned", (0, 0))
    prune_now_and_then(places, 0)
    assert not any(path.exists() for path in made.values())


def test_the_limit_is_a_setting() -> None:
    """20 GB unless ``OFFRAMP_CACHE_MAX`` says something else."""
    assert (20 * 10**9, 5_000_000) == (cache_limit({}), cache_limit({"OFFRAMP_CACHE_MAX": "5MB"}))
    with pytest.raises(InvalidSizeError, match="OFFRAMP_CACHE_MAX"):
        cache_limit({"OFFRAMP_CACHE_MAX": "much"})


_entries = st.lists(
    st.builds(
        Entry,
        kind=st.sampled_from(Kind),
        name=st.text(max_size=3),
        paths=st.just(()),
        size=st.integers(0, 100),
        used=st.integers(0, 100).map(float),
    ),
    unique_by=id,
)


@given(_entries, st.none() | st.integers(0, 500), st.none() | st.integers(0, 100).map(float))
def test_choose_keeps_the_limits_and_no_more(entries: list[Entry], size: int | None, age: float | None) -> None:
    """What stays fits and is young enough; had the last one chosen for its size stayed, it would not fit."""
    chosen = choose(entries, Limits(size=size, age=age), now=100)

    stays = [entry for entry in entries if entry not in chosen]
    assert size is None or total(stays) <= size
    assert age is None or all(100 - entry.used <= age for entry in stays)
    by_size = [entry for entry in chosen if age is None or 100 - entry.used <= age]
    if by_size:
        assert size is not None
        assert total(stays) + by_size[-1].size > size
        assert all(by_size[-1].used <= entry.used for entry in stays)


def test_commands(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """``ls`` and ``prune`` from the command line, for people and for programs."""
    _fill(places)
    monkeypatch.setenv("OFFRAMP_CACHE", str(places.cache))
    run = CliRunner()

    listed = json.loads(run.invoke(command, ["ls", "--json"]).stdout)
    dry = run.invoke(command, ["prune", "--older-than", "4.5h", "--dry-run"])
    pruned = run.invoke(command, ["prune", "--older-than", "4.5h"])
    rest = run.invoke(command, ["ls"])
    everything = run.invoke(command, ["prune", "--all"])

    assert {"kind", "name", "paths", "size", "used"} == set(listed[0])
    assert "Would delete" in dry.stderr
    assert dry.stdout == pruned.stdout
    assert ["KIND", "app", "base", "run"] == [line.split()[0] for line in rest.stdout.splitlines()]
    assert "kept below 20.00 GB (OFFRAMP_CACHE_MAX)" in rest.stderr
    assert 4 == len(everything.stdout.splitlines())
    assert () == inventory(places)
