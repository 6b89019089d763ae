"""Dockerfiles of extensions, applied: files, configuration, cache and rules."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from lifecycle_py.dockerfile.instructions import parse_dockerfile
from lifecycle_py.dockerfile.rules import DockerfileKind, check_dockerfile
from lifecycle_py.errors import ExtendFailedError, RootUserError
from lifecycle_py.extender import ExtendInputs, ExtendPorts, extend
from lifecycle_py.extension_output import ExtensionDockerfile
from lifecycle_py.inputs import ExtendedRunImage
from lifecycle_py.oci.compression import open_uncompressed
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image, ImageConfig, serialize
from lifecycle_py.output import Kind, RecordingReporter
from lifecycle_py.session import Place
from lifecycle_py.spec.extend_config_toml import ExtendArgument
from lifecycle_py.spec.group_toml import GroupElement
from lifecycle_py.spec.identifiers import BuildpackId
from tests.support.image_roots import DictImages, DirectoryRoots
from tests.support.tars import Entry, make_tar
from tests.support.trees import write_tree

HEAD = "ARG base_image\nFROM ${base_image}\n"
ME = f"{os.getuid()}:{os.getgid()}"


@dataclass
class Bench:
    """What extending takes, in one directory."""

    directory: Path
    reporter: RecordingReporter = field(default_factory=RecordingReporter)
    kind: DockerfileKind = DockerfileKind.BUILD

    def __post_init__(self) -> None:
        """Make a base image."""
        self.store = LayoutStore(self.directory / "store")
        self.cache = DictImages()
        self.roots = DirectoryRoots(self.directory / "roots")
        self.context = write_tree(self.directory / "context", {"file": "contents"})
        entries = (Entry("etc/passwd", f"app:x:{os.getuid()}:{os.getgid()}::/home/app:/bin/sh\n"), Entry("old", "x"))
        layer = self.store.blobs.write_layer([make_tar(*entries)])
        config = ImageConfig(env=("PATH=/usr/bin:/bin",), user=ME, labels={"kept": "1"})
        self.base = Image(config=config, layers=(layer,))

    def one(self, text: str, name: str = "x", **arguments: str) -> ExtensionDockerfile:
        """Make the Dockerfile of an extension; its head is there already."""
        dockerfile = parse_dockerfile(HEAD + text, f"{name}: run.Dockerfile")
        return ExtensionDockerfile(
            extension=GroupElement(id=BuildpackId(f"fixtures/{name}"), version="1.0.0", api="0.12"),
            dockerfile=dockerfile,
            purpose=check_dockerfile(dockerfile, self.kind),
            text=HEAD + text,
            context=Place.here(self.context),
            arguments=tuple(ExtendArgument(name=key, value=value) for key, value in arguments.items()),
        )

    def extend(self, *dockerfiles: ExtensionDockerfile, cached: bool = False) -> ExtendedRunImage:
        """Extend the base image."""
        inputs = ExtendInputs(kind=self.kind, image=self.base, dockerfiles=dockerfiles)
        cache = self.cache if cached else None
        ports = ExtendPorts(roots=self.roots, blobs=self.store.blobs, cache=cache, reporter=self.reporter)
        return extend(inputs, ports)

    def files(self, text: str, **arguments: str) -> Mapping[str, str]:
        """Give the files of the layer that a Dockerfile makes."""
        extended = self.extend(self.one(text, **arguments)).image
        if len(extended.layers) == 1:
            return {}
        with extended.layers[-1].open_blob() as blob, open_uncompressed(blob) as tar:
            data = tar.read()
        found: dict[str, str] = {}
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                contents = archive.extractfile(member) if member.isreg() else None
                if not member.isdir():
                    found[member.name] = contents.read().decode() if contents else f"<{member.linkname}>"
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Give a base image and everything around it."""
    return Bench(tmp_path)


def test_each_dockerfile_is_a_layer_with_its_history(bench: Bench) -> None:
    """What it changed, and who did it; one that changes no file has history only."""
    extended = bench.extend(bench.one("RUN echo 1 >new\n"), bench.one("LABEL a=b\n", name="y")).image

    assert 2 == len(extended.layers)
    assert [
        ("Layer: 'build.Dockerfile', Created by extension: fixtures/x", False),
        ("Layer: 'build.Dockerfile', Created by extension: fixtures/y", True),
    ] == [(entry.created_by, entry.empty_layer) for entry in extended.config.history]


@pytest.mark.requirement("platform.extender.in-order", "image_extension.extension.base-image")
def test_later_dockerfiles_see_what_earlier_ones_did(bench: Bench) -> None:
    """They are applied in the order of the group, each to the result of the last."""
    extended = bench.extend(
        bench.one("ENV A=1\nRUN echo one >file\n"), bench.one("ENV B=${A}2\nRUN cat file >copy\n", name="y")
    ).image

    assert {"A": "1", "B": "12"}.items() <= extended.config.environment().items()
    assert 1 == bench.roots.opened
    assert "one\n" == (bench.roots.directory / "1" / "copy").read_text()


@pytest.mark.requirement("image_extension.extension.user-and-group", "image_extension.extension.args")
def test_arguments(bench: Bench) -> None:
    """Those of the image and of extend-config.toml; only after ARG, ENV wins, and a default is for those not given."""
    text = (
        "ARG user_id\nARG group_id=9\nARG mine=default\nARG other=default\nARG hidden=no\nENV hidden=yes\n"
        "ENV ALL=${user_id}:${group_id}:${mine}:${other}:${hidden}:${build_id}\n"
    )

    bench.base = replace(bench.base, config=replace(bench.base.config, user="1000:1001"))

    environment = bench.extend(bench.one(text, mine="given")).image.config.environment()

    assert "1000:1001:given:default:yes:" == environment["ALL"]


@pytest.mark.requirement("image_extension.extension.build-id")
def test_build_id_is_new_each_time(bench: Bench) -> None:
    """A UUID; and who uses it is never served from the cache."""
    one = bench.one("ARG build_id=0\nENV ID=${build_id}\n")

    first, second = (bench.extend(one, cached=True).image.config.environment()["ID"] for _ in range(2))

    assert len(first) == len(second) == 36
    assert first != second


def test_configuration(bench: Bench) -> None:
    """What instructions do to the image's configuration; the rest of it stays."""
    text = (
        "ENV A=1 B='two words'\nENV C old form\nLABEL x=\"y $A\" z=1\nUSER app:7\nWORKDIR /a\nWORKDIR b/../c\n"
        'SHELL ["/bin/bash", "-ec"]\n'
    )

    config = bench.extend(bench.one(text)).image.config

    assert {"A": "1", "B": "two words", "C": "old form", "PATH": "/usr/bin:/bin"} == config.environment()
    assert {"kept": "1", "x": "y 1", "z": "1"}.items() <= config.labels.items()
    assert ("app:7", "/a/c", ["/bin/bash", "-ec"]) == (config.user, config.working_dir, config.other["Shell"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN echo $A $0 >out\n", "1 /bin/sh\n"),
        ('RUN ["sh", "-c", "echo $A $0 >out"]\n', "1 sh\n"),
        ('SHELL ["/bin/sh", "-ec", "echo $1 >out", "name"]\nRUN words\n', "words\n"),
        ("RUN <<EOF\necho a >out\necho $A >>out\nEOF\n", "a\n1\n"),
        ("RUN cat >out <<'EOF'\n$A\nEOF\n", "$A\n"),
        ("RUN echo $HOME >out\n", "/home/app\n"),
        ("ARG B=2\nRUN echo $B >out\n", "2\n"),
        ("RUN pwd | sed 's,.*/,,' >out\n", "1\n"),
    ],
)
def test_run(bench: Bench, text: str, expected: str) -> None:
    """Shell and exec form, here-documents, variables and the home directory."""
    assert {"/out": expected} == bench.files(f"ENV A=1\n{text}")


def test_run_removes(bench: Bench) -> None:
    """What is gone is gone from the image."""
    assert {"/.wh.old": ""} == bench.files("RUN rm old\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY file /x\n", {"/x": "contents"}),
        ("COPY file /new/\n", {"/new/file": "contents"}),
        ("COPY file /etc\n", {"/etc/file": "contents"}),
        ("WORKDIR /w\nCOPY file .\n", {"/w/file": "contents"}),
        ("ENV N=file\nCOPY $N /$N-2\n", {"/file-2": "contents"}),
        ("COPY dir /to\n", {"/to/a": "1", "/to/sub/b": "2", "/to/link": "<a>"}),
        ("COPY dir/* /to/\n", {"/to/a": "1", "/to/link": "1", "/to/b": "2"}),
        ("COPY file dir/a /to/\n", {"/to/file": "contents", "/to/a": "1"}),
        ("COPY . /all/\n", {"/all/file": "contents", "/all/dir/a": "1", "/all/dir/sub/b": "2", "/all/dir/link": "<a>"}),
        ('COPY ["file", "/with blank"]\n', {"/with blank": "contents"}),
        ("ENV V=1\nCOPY <<EOF /text\nv $V\nEOF\n", {"/text": "v 1\n"}),
        ("COPY <<'a.txt' <<b.txt /texts/\n$V\na.txt\nb\nb.txt\n", {"/texts/a.txt": "$V\n", "/texts/b.txt": "b\n"}),
    ],
)
def test_copy(bench: Bench, text: str, expected: Mapping[str, str]) -> None:
    """Files, directories, patterns and here-documents go where Docker puts them."""
    write_tree(bench.context, {"dir/a": "1", "dir/sub/b": "2"})
    (bench.context / "dir" / "link").symlink_to("a")

    assert expected == bench.files(f"{text}")


def test_add_unpacks_archives(bench: Bench) -> None:
    """Those of the context; COPY leaves them as they are."""
    (bench.context / "a.tar").write_bytes(make_tar(Entry("in/x", "1")))

    assert {"/to/in/x": "1"} == bench.files("ADD a.tar /to/\n")
    assert ["/to/a.tar"] == list(bench.files("COPY a.tar /to/\n"))


def test_copy_gives_modes(bench: Bench) -> None:
    """With --chmod; without it the mode is the file's own."""
    (bench.context / "file").chmod(0o640)

    bench.files("COPY file /plain\nCOPY --chmod=755 file /changed\n")

    modes = {name: (bench.roots.directory / "1" / name).stat().st_mode & 0o777 for name in ("plain", "changed")}
    assert {"plain": 0o640, "changed": 0o755} == modes


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("RUN exit 7\n", 3, "exit code 7"),
        ("\nRUN kill -9 $$\n", 4, "signal 9"),
        ("COPY missing /\n", 3, "'missing' is not in the context"),
        ("COPY ../secret /x\n", 3, "'../secret' is not in the context"),
        ("COPY leads-out /x\n", 3, "leads out of the context"),
        ("COPY none* /x/\n", 3, "nothing in the context matches"),
        ("COPY file etc-* /x\n", 3, "has to end with a slash"),
        ("ADD https://example.org/x /x\n", 3, "is not in the context; download it with RUN"),
        ("COPY --chmod=rwx file /x\n", 3, "octal number"),
        ("COPY --chown=nobody-here file /x\n", 3, "there is no user 'nobody-here'"),
        ("USER nobody-here\nRUN true\n", 4, "there is no user 'nobody-here'"),
        ("USER app:nobody-here\nRUN true\n", 4, "there is no group 'nobody-here'"),
        ("ENV A=${B?x}\n", 3, "no variable"),
        ("RUN <<EOF\n#!/usr/bin/python3\nEOF\n", 3, "an interpreter of its own"),
        ('RUN ["/no/such/program"]\n', 3, "/no/such/program"),
        ("ADD damaged.tar /x\n", 3, "damaged"),
    ],
)
def test_failures_name_file_and_line(bench: Bench, text: str, line: int, words: str) -> None:
    """The error has the instruction and why it failed; the code is 102."""
    (bench.directory / "secret").write_text("x")
    (bench.context / "leads-out").symlink_to("../secret")
    (bench.context / "etc-1").write_text("")
    whole = make_tar(Entry("x", "1" * 5000))
    (bench.context / "damaged.tar").write_bytes(whole[:2000])

    with pytest.raises(ExtendFailedError, match=words) as error:
        bench.extend(bench.one(text))

    assert 102 == error.value.exit_code
    assert f"x: run.Dockerfile:{line}" == error.value.place


@pytest.mark.requirement("platform.extender.run-user")
def test_run_image_must_not_end_as_root(bench: Bench) -> None:
    """A later extension may set the user back; a build image may end as root, since builds never run as it."""
    bench.kind = DockerfileKind.RUN
    with pytest.raises(RootUserError, match="fixtures/y"):
        bench.extend(bench.one("USER 1000\n"), bench.one("USER root\n", name="y"))
    assert "1000" == bench.extend(bench.one("USER 0\n"), bench.one("USER 1000\n", name="y")).image.config.user
    bench.kind = DockerfileKind.BUILD
    assert "0" == bench.extend(bench.one("USER 0\n")).image.config.user


def test_changed_user_is_warned_about(bench: Bench) -> None:
    """The app would run as somebody else than its files' owner."""
    bench.base = replace(bench.base, config=replace(bench.base.config, user="1000:1001"))
    bench.extend(bench.one("USER 1000\n"))
    assert [] == bench.reporter.texts(Kind.WARNING)
    bench.extend(bench.one("USER 1234\n"))
    assert ["Extensions changed the image's user from '1000:1001' to '1234'"] == bench.reporter.texts(Kind.WARNING)


@pytest.mark.requirement("image_extension.extension.rebasable", "deviation.rebasable-computed")
def test_image_is_rebasable_when_every_extension_says_so(bench: Bench) -> None:
    """One that says nothing does not inherit the yes of the one before."""
    yes, no = "LABEL io.buildpacks.rebasable=true\n", "LABEL a=b\n"

    for texts, expected in (((yes,), True), ((yes, yes), True), ((yes, no), False), ((no, yes), False)):
        extended = bench.extend(*(bench.one(text, name=f"x{number}") for number, text in enumerate(texts)))
        label = extended.image.config.labels["io.buildpacks.rebasable"]
        assert (expected, str(expected).lower()) == (extended.rebasable, label)


def test_unchanged_dockerfiles_are_not_applied_again(bench: Bench) -> None:
    """Until the Dockerfile, its arguments, its context or what stands before it changes."""
    first = bench.one("RUN echo 1 >a\nUSER 1000\n")
    second = bench.one(f"ARG x\nUSER {ME}\nCOPY file /\nUSER 1000\n", name="y")
    before = bench.extend(first, second, cached=True).image
    after = bench.extend(first, second, cached=True).image

    assert serialize(before) == serialize(after)
    assert 1 == bench.roots.opened
    bench.extend(first, replace(second, arguments=(ExtendArgument(name="x", value="2"),)), cached=True)
    assert 2 == bench.roots.opened
    (bench.context / "file").write_text("other")
    bench.extend(first, second, cached=True)
    assert 3 == bench.roots.opened
    other = bench.one("RUN echo 2 >a\nUSER 1000\n")
    bench.extend(other, second, cached=True)
    assert 4 == bench.roots.opened
