"""The launcher's env files against a plain model of the specification's modification rules."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.lifecycle_py.launcher.app_image import BUILDPACK, AppImage, write

# In the order in which they count within a layer.
PLACES = ("env", "env.launch", "env.launch/web")
SUFFIXES = ("", ".override", ".default", ".append", ".prepend", ".delim", ".unknown", ".append.bak")

Files = Mapping[str, bytes]
"""File names in one env directory, with their contents."""

VALUES = st.one_of(st.sampled_from([b"", b":", b"a", b"b c\n", b"\xff\xfe", b"A=B"]), st.binary(max_size=6)).map(
    lambda value: value.replace(b"\0", b"")
)
NAMES = st.sampled_from(["ONE", "TWO", "PATH", "GIVEN"])
FILES = st.dictionaries(st.builds(str.__add__, NAMES, st.sampled_from(SUFFIXES)), VALUES, max_size=6)
LAYERS = st.dictionaries(st.sampled_from(["a", "B", "a.b"]), st.dictionaries(st.sampled_from(PLACES), FILES))


def modified(environment: Mapping[str, bytes], files: Files) -> dict[str, bytes]:
    """Model: apply one env directory, by the table in buildpack.md."""
    result = dict(environment)
    for file_name in sorted(files):
        name, dot, action = file_name.partition(".")
        old, value = result.get(name, b""), files[file_name]
        delimiter = files.get(f"{name}.delim", b"") if old else b""
        match action:
            case "" | "override":
                result[name] = value
            case "default":
                result[name] = old or value
            case "append":
                result[name] = old + delimiter + value
            case "prepend":
                result[name] = value + delimiter + old
            case _:
                continue
        assert dot or action == ""
    return result


@pytest.mark.requirement(
    "buildpack.environment.append",
    "buildpack.environment.prepend",
    "buildpack.environment.default",
    "buildpack.environment.override",
    "buildpack.environment.launch-files",
    "buildpack.environment.layer-by-layer",
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=LAYERS, second=LAYERS)
def test_env_files_follow_the_model(
    tmp_path: Path, image: AppImage, first: Mapping[str, Mapping[str, Files]], second: Mapping[str, Mapping[str, Files]]
) -> None:
    """Any env files of any layers of two buildpacks give the environment that the rules give."""
    shutil.rmtree(tmp_path / "image")
    image = AppImage(tmp_path / "image", image.launcher)
    platform = {"PATH": "/usr/bin", "GIVEN": "given"}
    expected = {name: value.encode() for name, value in platform.items()}
    for buildpack_id, layers in (("test/first", first), (BUILDPACK, second)):
        directory = image.buildpack(buildpack_id)
        for layer in sorted(layers):
            for place in PLACES:
                files = layers[layer].get(place, {})
                for name, content in files.items():
                    write(directory / layer / place / name, content)
                expected = modified(expected, files)

    assert expected == image.environment(env=platform)


@pytest.mark.parametrize(
    ("old", "files", "expected"),
    [
        (None, {"X.append": "new", "X.delim": ":"}, b"new"),
        ("", {"X.prepend": "new", "X.delim": ":"}, b"new"),
        ("old", {"X.append": "new"}, b"oldnew"),
        ("old", {"X.prepend": "new", "X.delim": "\n"}, b"new\nold"),
        ("old", {"X.append": "2", "X.prepend": "1", "X.delim": "-"}, b"1-old-2"),
        ("old", {"X.append": "", "X.delim": ":"}, b"old:"),
        ("old", {"X.default": "new"}, b"old"),
        ("", {"X.default": "new"}, b"new"),
        (None, {"X.default": "1", "X.append": "2"}, b"2"),
        ("old", {"X": ""}, b""),
        ("old", {"X": "bare", "X.override": "override"}, b"override"),
        ("old", {"X.delim": ":"}, b"old"),
        ("old", {"X.override.disabled": "new", ".X": "new", "X.": "new", "XY": "new"}, b"old"),
    ],
)
def test_modification_table(image: AppImage, old: str | None, files: dict[str, str], expected: bytes) -> None:
    """Every suffix has its effect, in alphabetical order of the file names."""
    directory = image.buildpack()
    for name, content in files.items():
        write(directory / "layer" / "env" / name, content)

    environment = image.environment(env={} if old is None else {"X": old})

    assert expected == environment["X"]


@pytest.mark.requirement("buildpack.environment.delimiter")
def test_delimiter_holds_for_its_directory(image: AppImage) -> None:
    """A .delim file of `env` does not part what `env.launch` appends."""
    layer = image.buildpack() / "layer"
    write(layer / "env" / "X.delim", ":")
    write(layer / "env.launch" / "X.append", "new")

    assert b"oldnew" == image.environment(env={"X": "old"})["X"]


def test_links_and_directories_among_env_files(image: AppImage) -> None:
    """A link to a file counts, a directory and a link to one do not."""
    layer = image.buildpack() / "layer"
    write(layer / "value", "linked")
    write(layer / "env" / "DIRECTORY" / "file", "no")
    (layer / "env" / "FILE").symlink_to("../value")
    (layer / "env" / "LINK").symlink_to("/usr")

    environment = image.environment()

    assert (b"linked", False, False) == (environment["FILE"], "DIRECTORY" in environment, "LINK" in environment)


def test_names_that_cannot_be_variables(image: AppImage) -> None:
    """Files whose name is no variable's, like .gitkeep, change nothing."""
    directory = image.buildpack()
    for name in (".append", ".gitkeep", "A=B", "A=B.append"):
        write(directory / "layer" / "env" / name, "no")

    environment = image.environment()

    assert {"PATH"} == set(environment)


def test_file_where_a_directory_could_be(image: AppImage) -> None:
    """A layer may hold a file named env, bin or exec.d: nothing is found in it."""
    layer = image.buildpack() / "layer"
    for name in ("env", "env.launch", "bin", "exec.d"):
        write(layer / name, "a file")

    assert {"PATH": b"/usr/bin:/bin"} == image.environment()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/cnb/process:/cnb/lifecycle:/bin", b"/bin"),
        ("/bin:/cnb/process:/usr/bin:/cnb/process", b"/bin:/usr/bin"),
        ("/cnb/process/x:/bin::/cnb/lifecycles", b"/cnb/process/x:/bin::/cnb/lifecycles"),
        ("/cnb/process", b""),
        ("", b""),
    ],
)
def test_path_without_launcher(image: AppImage, path: str, expected: bytes) -> None:
    """Exactly the launcher's two directories leave PATH, wherever they stand."""
    image.buildpack()

    assert expected == image.environment(env={"PATH": path})["PATH"]


def test_big_environment(image: AppImage) -> None:
    """Thousands of variables and values of 100 KiB arrive whole."""
    directory = image.buildpack()
    for index in range(1000):
        write(directory / "layer" / "env" / f"V{index}", f"{index}")
    write(directory / "layer" / "env" / "BIG", "x" * 100_000)

    environment = image.environment()

    assert (b"999", 100_000) == (environment["V999"], len(environment["BIG"]))
