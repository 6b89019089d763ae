"""The caching contract of layers: what is restored, what is not, and the reasons given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from buildpacks.sdk.buildpack import Buildpack, BuildResult, DetectResult, Passed, plan, process
from buildpacks.sdk.context import BuildContext, DetectContext
from buildpacks.sdk.environment import LayerEnv, Scope
from buildpacks.sdk.layers import ContentsMissing, Empty, NewLayer, changed, compare_keys, open_layer, shown
from buildpacks.sdk.testing import AppUnderTest
from lifecycle_py.spec.layer_toml import LayerTypes

CACHED = LayerTypes(build=True, cache=True, launch=True)


@dataclass(frozen=True)
class Key:
    """A key with a shown, a hidden and a plain field."""

    version: str = shown("Python version")
    lock: str = changed("requirements.txt")
    groups: tuple[str, ...] = ()
    bits: int = 64


@dataclass(frozen=True)
class ShorterKey:
    """The key as a later version of the buildpack has it."""

    version: str = shown("Python version")


class OneLayer(Buildpack):
    """A buildpack with a layer whose key is the app's ``key`` file."""

    name = "One layer"

    def detect(self, context: DetectContext) -> DetectResult:
        """Pass always."""
        assert context.app_dir.is_dir()
        return Passed(plan(provides=("one",), requires=("one",)))

    def build(self, context: BuildContext) -> BuildResult:
        """Fill the layer when it is empty."""
        version, lock = (context.app_dir / "key").read_text().split()
        layer = context.layer("deps", Key(version, lock), types=CACHED, update_in_place_on=("lock",))
        context.output.state("dependencies", layer.state)
        if not layer.is_restored:
            (layer.path / version).touch()
        layer.notes = {"count": context.layers and 1}
        layer.env = LayerEnv().default("LANG", "C.UTF-8", Scope.LAUNCH)
        layer.add_exec_d("memory", "#!/bin/sh\n")
        return BuildResult(processes=(process("web", "run"),), store={"seen": version})


def test_compare_keys_equal() -> None:
    """A key read back from TOML, where tuples are arrays, equals the one that was written."""
    restored = {"version": "3.13.5", "lock": "a", "groups": ["dev", "test"], "bits": 64}

    assert compare_keys(Key("3.13.5", "a", ("dev", "test")), restored) == {}


def test_compare_keys_all_reasons() -> None:
    """Every changed field is a reason; the values of hidden ones are not shown."""
    restored = {"version": "3.12.1", "lock": "a", "groups": [], "bits": True, "old": 1}

    reasons = [str(reason) for reason in compare_keys(Key("3.13.5", "b"), restored).values()]

    assert reasons == [
        "the cache's description cannot be used: 'old' is no longer part of it",
        "Python version changed from 3.12.1 to 3.13.5",
        "requirements.txt changed",
        "bits changed from True to 64",
    ]


def test_open_layer_new(tmp_path: Path) -> None:
    """A layer no build has left is empty, and nothing was discarded."""
    layer = open_layer(tmp_path, "deps", CACHED, Key("1", "a"))

    assert layer.state == Empty((NewLayer(),))
    assert layer.state.discarded == ()
    assert layer.path.is_dir()


def test_open_layer_contents_missing(tmp_path: Path) -> None:
    """A description without contents does not count as restored."""
    (tmp_path / "deps.toml").write_text('[metadata.key]\nversion = "1"\nlock = "a"\ngroups = []\nbits = 64\n')

    assert open_layer(tmp_path, "deps", CACHED, Key("1", "a")).state == Empty((ContentsMissing(),))


def test_open_layer_in_image(tmp_path: Path) -> None:
    """A launch-only layer that the app image has already is used again without its contents."""
    (tmp_path / "deps.toml").write_text('[metadata.key]\nversion = "1"\n')

    layer = open_layer(tmp_path, "deps", LayerTypes(launch=True), ShorterKey("1"))

    assert layer.is_restored
    assert not layer.path.exists()


def test_open_layer_unreadable_description(tmp_path: Path) -> None:
    """A description that is not TOML empties the layer and says so."""
    (tmp_path / "deps").mkdir()
    (tmp_path / "deps.toml").write_text("not toml")

    layer = open_layer(tmp_path, "deps", CACHED, ShorterKey("1"))

    assert "cannot be used" in str(layer.state.reasons[0])


def test_layer_life(tmp_path: Path) -> None:
    """A layer is built, restored, updated in place, and rebuilt with the reason in the log."""
    app = AppUnderTest(OneLayer(), tmp_path, {"key": "3.12.1 a"})

    app.build().layer("deps").assert_rebuilt("nothing cached yet")
    second = app.build()
    second.layer("deps").assert_restored()
    assert second.output == "One layer\n- Using cached dependencies\n"
    app.write({"key": "3.12.1 b"})
    app.build().layer("deps").assert_updated("requirements.txt changed")
    app.write({"key": "3.13.5 b"})
    last = app.build()

    last.layer("deps").assert_rebuilt("Python version changed from 3.12.1 to 3.13.5")
    assert last.output == (
        "One layer\n- Discarding cached dependencies since:\n  - Python version changed from 3.12.1 to 3.13.5\n"
    )
    assert sorted(path.name for path in last.layer("deps").path.iterdir()) == ["3.13.5", "env.launch", "exec.d"]
    assert last.layer("deps").layer.restored_notes == {"count": 1}


def test_layer_undeclared_environment_is_removed(tmp_path: Path) -> None:
    """What an earlier version of the buildpack left in the env directories does not outlive it."""
    app = AppUnderTest(OneLayer(), tmp_path, {"key": "1 a"})
    stale = app.build().layer("deps").path / "env.launch" / "worker" / "OLD.override"
    stale.parent.mkdir()
    stale.touch()

    app.build()

    assert not stale.parent.exists()
    assert (stale.parent.parent / "LANG.default").read_bytes() == b"C.UTF-8"


def test_layer_unchanged_files_are_left_alone(tmp_path: Path) -> None:
    """A rebuild with nothing to do does not touch the files of a layer on disk."""
    app = AppUnderTest(OneLayer(), tmp_path, {"key": "1 a"})
    program = app.build().layer("deps").path / "exec.d" / "memory"
    before = program.stat()

    app.build()

    assert (program.stat().st_mtime_ns, program.stat().st_mode & 0o777) == (before.st_mtime_ns, 0o755)
