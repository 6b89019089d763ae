"""What holds on Heroku for every app, whatever its language (docs/reference/heroku-parity.md)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from builder.build.app_source import copy_app
from builder.errors import SlugignoreError
from builder.images.builder_toml import read_builder
from buildpacks.procfile.buildpack import ProcfileBuildpack
from buildpacks.sdk.testing import AppUnderTest, BuildFailedError, Built
from lifecycle_py.oci.compression import open_uncompressed
from tests.support.offramp import Finished, Installation, installation
from tests.support.package_proxy import package_proxy, run_cut_off, shelve
from tests.support.python_mirror import python_release
from tests.support.trees import write_tree

LANGUAGES = ("python", "ruby", "go", "nodejs")


def build(tmp_path: Path, procfile: str, **user_env: str) -> Built:
    """Build an app that is a Procfile only."""
    return AppUnderTest(ProcfileBuildpack(), tmp_path, {"Procfile": procfile}, user_env=user_env).build()


def commands(built: Built) -> dict[str, str]:
    """Give the processes as the label keeps them for the translation."""
    label = next(one.value for one in built.result.labels if one.key == "dev.offramp.procfile")
    return {entry["type"]: entry["command"] for entry in json.loads(label)}


def test_statement_6_builder_s_order_is_heroku_s() -> None:
    """Each language has a group of its own, in Heroku's order; Node.js comes along with Ruby, too, if it is wanted."""
    groups = [
        [one for one in group if str(one.id).rpartition("/")[2] in LANGUAGES] for group in read_builder().order.groups
    ]
    languages = [[str(one.id).rpartition("/")[2] for one in group if not one.optional] for group in groups if group]
    along = [str(one.id) for group in groups for one in group if one.optional]

    assert languages == [[name] for name in LANGUAGES]
    assert along == ["offramp/nodejs"]


def test_statement_6_procfile_is_last_and_optional() -> None:
    """The Procfile comes after the language, so that its processes win."""
    for group in read_builder().order.groups[:-1]:  # the last one has no language
        assert (str(group[-1].id), group[-1].optional) == ("offramp/procfile", True)


@pytest.mark.parametrize(
    ("procfile", "default"),
    [("web: serve\nworker: work", "web"), ("worker: work", "worker"), ("a: x\nb: y", None)],
)
def test_statement_7_default_process(tmp_path: Path, procfile: str, default: str | None) -> None:
    """``web`` is the default, else a sole process, else none."""
    defaults = [one.type for one in build(tmp_path, procfile).result.processes if one.default]

    assert defaults == ([default] if default else [])


@pytest.mark.parametrize("line", ["web serve", "web:", "-web: serve", "# only\nwé: serve"])
def test_statement_7_anything_else_is_an_error(tmp_path: Path, line: str) -> None:
    """A line that is no entry fails the build, and the error shows it."""
    with pytest.raises(BuildFailedError) as caught:
        build(tmp_path, f"worker: work\n{line}\n")

    assert line.splitlines()[-1] in caught.value.output


def test_statement_8_correction_with_a_warning(tmp_path: Path) -> None:
    """Upper case and underscores are corrected, and the log says so."""
    built = build(tmp_path, "Web_Worker: x")

    assert [one.type for one in built.result.processes] == ["web-worker"]
    assert "Procfile key `Web_Worker` has been corrected to `web-worker`" in built.output


def test_statement_8_caret_at_the_column(tmp_path: Path) -> None:
    """The caret stands below the fifth column."""
    with pytest.raises(BuildFailedError) as caught:
        build(tmp_path, "is_w.e.b: x")
    lines = caught.value.output.splitlines()
    at = next(number for number, line in enumerate(lines) if line.endswith("is_w.e.b: x"))

    assert lines[at + 1].index("^") - lines[at].index("is_w") == 4


@pytest.mark.parametrize(("length", "fails"), [(63, False), (64, True)])
def test_statement_8_longest_key(tmp_path: Path, length: int, *, fails: bool) -> None:
    """A key has at most 63 characters."""
    try:
        built = build(tmp_path, f"{'k' * length}: x")
    except BuildFailedError:
        assert fails
    else:
        assert [len(one.type) for one in built.result.processes] == [length]
        assert not fails


def test_statement_9_colon_in_a_command(tmp_path: Path) -> None:
    """Only the first colon divides."""
    assert commands(build(tmp_path, "web: echo foo: bar")) == {"web": "echo foo: bar"}


def test_statement_10_lenient_by_setting(tmp_path: Path) -> None:
    """With the setting, an entry needs no colon, and what is no entry is not there."""
    text = "web cmd\n<<<<<<< HEAD\nworker: work\n=======\nnonsense\n>>>>>>> b\n"

    assert commands(build(tmp_path, text, OFFRAMP_PROCFILE_GRAMMAR="lenient")) == {"web": "cmd", "worker": "work"}


def test_statement_11_colliding_names(tmp_path: Path) -> None:
    """Two keys that become one name are an error that shows both."""
    with pytest.raises(BuildFailedError) as caught:
        build(tmp_path, "my_job: a\nMy-Job: b\n")

    assert "my_job" in caught.value.output
    assert "My-Job" in caught.value.output


def test_statement_16_slugignore(tmp_path: Path) -> None:
    """What the file names never reaches a buildpack."""
    write_tree(
        tmp_path / "app", {".slugignore": "*.psd\n/docs\n", "a.psd": "", "x/b.psd": "", "docs/c": "", "x/docs/d": ""}
    )
    (tmp_path / "copy").mkdir()
    copy_app(tmp_path / "app", tmp_path / "copy", None)
    found = sorted(str(one.relative_to(tmp_path / "copy")) for one in (tmp_path / "copy").rglob("*") if one.is_file())

    assert found == [".slugignore", "x/docs/d"]


def test_statement_16_negation_is_rejected(tmp_path: Path) -> None:
    """A negated pattern is an error with its line, and nothing is copied."""
    write_tree(tmp_path / "app", {".slugignore": "*.psd\n!keep.psd\n", "a": ""})
    (tmp_path / "copy").mkdir()
    with pytest.raises(SlugignoreError) as raised:
        copy_app(tmp_path / "app", tmp_path / "copy", None)

    assert raised.value.line == 2
    assert list((tmp_path / "copy").iterdir()) == []


def test_statement_17_profile_runs_before_a_process(tmp_path: Path) -> None:
    """The script of every process sources ``.profile`` in the app directory, then runs the command."""
    app = AppUnderTest(
        ProcfileBuildpack(), tmp_path, {"Procfile": "web: env\nworker: env", ".profile": "export WHO=profile\n"}
    )
    for process in app.build().result.processes:
        done = subprocess.run(
            [*process.command, *process.args], cwd=app.app_dir, capture_output=True, text=True, check=True
        )
        assert "WHO=profile\n" in done.stdout


@pytest.mark.end_to_end
@pytest.mark.xdist_group("statements")
def test_statement_64_runtime_and_packages_from_a_filled_mirror(tmp_path: Path) -> None:
    """Another Python than the stack's, from the mirror that the user names, and packages: with the network cut."""
    mirror = "https://python.mirror.example"
    for name, data in python_release(mirror).items():
        shelve(f"{mirror}/{name}", data)
    app = write_tree(
        tmp_path / "app",
        {
            "requirements.txt": "blinker==1.9.0\n",
            ".python-version": "3.11\n",
            "Procfile": "web: python -c 'import sys, blinker; print(sys.version_info[:2], blinker.ANY)'",
        },
    )
    options = ("-t", "mirrored", "-e", f"UV_PYTHON_DOWNLOADS_JSON_URL={mirror}/index.json")
    with package_proxy() as proxy, installation(**proxy.environ) as offramp:
        digest = offramp.build(app, *options[1:])["digest"]
        assert offramp.run("run", "mirrored").stdout == "(3, 11) ANY\n"
    with installation() as elsewhere:
        command = [sys.executable, "-m", "builder.cli", "build", str(app), *options]
        done, traffic = run_cut_off(command, elsewhere.environ)

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(digest)
    assert f"{mirror}/python.tar.gz" in {url for url, _, _ in traffic.requests}


@pytest.mark.end_to_end
@pytest.mark.xdist_group("statements")
class TestBuilt:
    """One app, built for real."""

    SECRET = "s3cr3t-of-a-config-var"  # noqa: S105 - it is the point

    done: ClassVar[Finished]

    @pytest.fixture(scope="class")
    @classmethod
    def offramp(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
        """An installation with an app built with a secret in its environment."""
        app = write_tree(
            tmp_path_factory.mktemp("app"),
            {
                "Procfile": "web: id -u; touch /app/written && pwd && echo $HOME",
                ".profile": "export WHO=profile\n",
                "requirements.txt": "",
            },
        )
        with installation() as one:
            cls.done = one.run(
                "build",
                app,
                "-t",
                "stated",
                "-e",
                f"PAYMENT_TOKEN={cls.SECRET}",
                "-e",
                f"DATABASE_URL=postgres://u:{cls.SECRET}@db/x",
            )
            yield one

    def test_statement_65_no_value_of_a_config_var(self, offramp: Installation) -> None:
        """Neither log nor configuration nor layers nor what is cached hold the value."""
        image = offramp.image("stated").image
        assert self.SECRET not in self.done.stderr + self.done.stdout
        assert self.SECRET not in json.dumps([image.config.env, dict(image.config.labels)])
        for layer in image.layers[1:]:
            with layer.open_blob() as blob, open_uncompressed(blob) as tar:
                assert self.SECRET.encode() not in tar.read()
        for file in offramp.places.cache.rglob("*"):
            if file.is_file() and not file.is_symlink() and "roots" not in file.parts:
                assert self.SECRET.encode() not in file.read_bytes(), file

    def test_statement_17_profile_runs_before_one_off_commands(self, offramp: Installation) -> None:
        """A command of the user's own finds what ``.profile`` exports, and its arguments are as they were given."""
        done = offramp.run("run", "stated", "--", "sh", "-c", 'echo "$WHO $1"', "sh", "two words")

        assert done.stdout == "profile two words\n"

    def test_statement_66_user_and_app_directory(self, offramp: Installation) -> None:
        """The process is uid 1000, in ``/app``, its home, and may write there."""
        assert offramp.run("run", "stated").stdout == "1000\n/app\n/app\n"
        assert offramp.image("stated").image.config.user == "1000:1000"
