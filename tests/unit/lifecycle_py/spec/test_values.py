"""The small values of the specification: API versions, identifiers, targets, environment changes, tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_py.spec.api_versions import ApiVersion, BuildpackFeature, parse_buildpack_api, supports
from lifecycle_py.spec.env_delta import EnvAction, EnvChange, EnvDelta
from lifecycle_py.spec.errors import (
    InvalidIdentifierError,
    TomlSyntaxError,
    TomlUnreadableError,
    TomlValueError,
    UnsupportedApiError,
    nearest,
)
from lifecycle_py.spec.identifiers import directory_name, parse_buildpack_id, parse_layer_name, parse_process_type
from lifecycle_py.spec.targets import Distro, Target, TargetConstraint
from lifecycle_py.spec.toml_file import Table, parse_toml, read_toml, read_toml_if_present

FILE = Path("x.toml")


@pytest.mark.requirement("platform.api.form", "buildpack.api.declared")
@pytest.mark.parametrize(("text", "minor"), [("0.8", 8), ("v0.10", 10), ("0.12", 12)])
def test_api_version_is_read(text: str, minor: int) -> None:
    """Versions compare as numbers."""
    assert ApiVersion(0, minor) == parse_buildpack_api(text, "x")
    assert ApiVersion(0, 9) < ApiVersion(0, 10) < ApiVersion(1, 0)


@pytest.mark.requirement("platform.api.conform-or-fail")
@pytest.mark.parametrize("text", ["", "0.7", "0.13", "1", "0.8.1", "x", "0.١٢", "0.12\n", " 0.12", "9" * 400])
def test_api_version_that_is_not_spoken_is_refused(text: str) -> None:
    """Malformed and unknown versions end with exit code 12."""
    with pytest.raises(UnsupportedApiError) as error:
        parse_buildpack_api(text, "x")

    assert 12 == error.value.exit_code


def test_features_come_with_versions() -> None:
    """A feature is there from its version on."""
    assert [False, True, True] == [supports(ApiVersion(0, minor), BuildpackFeature.TARGETS) for minor in (9, 10, 12)]


@pytest.mark.requirement("buildpack.buildpack-toml.id")
@pytest.mark.parametrize("text", ["a", "heroku/ruby", "A.b-c/1", "x/y/z"])
def test_buildpack_id_is_accepted(text: str) -> None:
    """Letters, digits, dot, slash, dash."""
    assert text == parse_buildpack_id(text)


@pytest.mark.requirement("buildpack.buildpack-toml.id", "buildpack.buildpack-toml.id-reserved")
@pytest.mark.parametrize("text", ["", "a b", "a_b", "é", "a\n", "app", "config", "generated", "sbom"])
def test_buildpack_id_is_refused(text: str) -> None:
    """Other characters and reserved names."""
    with pytest.raises(InvalidIdentifierError):
        parse_buildpack_id(text)


@pytest.mark.parametrize("text", ["..", ".", "../..", "a/..", "../a", "/a", "a/", "a//b"])
def test_buildpack_id_that_would_be_a_path_is_harmless(text: str) -> None:
    """An id becomes one directory name, which never leads anywhere."""
    try:
        name = directory_name(parse_buildpack_id(text))
    except InvalidIdentifierError:
        return

    assert "/" not in name
    assert name not in {".", ".."}


@pytest.mark.requirement("buildpack.layers-dir.reserved-names")
@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a\0", "build", "launch", "store"])
def test_layer_name_is_refused(text: str) -> None:
    """A layer's name is a file name beside the documents."""
    with pytest.raises(InvalidIdentifierError):
        parse_layer_name(text)


@pytest.mark.requirement("buildpack.launch-toml.process-type")
@pytest.mark.parametrize("text", ["", "a b", "a/b", "é", "web\n"])
def test_process_type_is_refused(text: str) -> None:
    """A process type becomes a link below ``/cnb/process``."""
    with pytest.raises(InvalidIdentifierError):
        parse_process_type(text)


_DEBIAN = Target(os="linux", arch="arm64", variant="v8", distro=Distro(name="debian", version="13"))


@pytest.mark.requirement("buildpack.detection.target-any")
@pytest.mark.parametrize(
    ("constraint", "target", "accepted"),
    [
        (TargetConstraint(), _DEBIAN, True),
        (TargetConstraint(os="linux"), _DEBIAN, True),
        (TargetConstraint(os="windows"), _DEBIAN, False),
        (TargetConstraint(os="linux", arch="amd64"), _DEBIAN, False),
        (TargetConstraint(os="linux", arch="arm64", variant="v8"), _DEBIAN, True),
        (TargetConstraint(os="linux", arch="arm64", variant="v7"), _DEBIAN, False),
        (TargetConstraint(os="linux", arch="arm64", variant="v7"), Target(os="linux", arch="arm64"), True),
        (TargetConstraint(distros=(Distro(name="debian", version="13"),)), _DEBIAN, True),
        (TargetConstraint(distros=(Distro(name="debian"),)), _DEBIAN, True),
        (TargetConstraint(distros=(Distro(name="debian", version="12"),)), _DEBIAN, False),
        (TargetConstraint(distros=(Distro(name="alpine"), Distro(name="debian"))), _DEBIAN, True),
        (TargetConstraint(distros=(Distro(name="alpine"),)), _DEBIAN, False),
        (TargetConstraint(distros=(Distro(name="alpine"),)), Target(os="linux"), True),
    ],
)
def test_target_constraint(constraint: TargetConstraint, target: Target, *, accepted: bool) -> None:
    """What either side leaves open matches; of several distributions one has to."""
    assert accepted == constraint.accepts(target)


@pytest.mark.requirement("deviation.target-variant")
def test_target_constraint_reads_both_spellings_of_a_variant() -> None:
    """``variant`` of the specification and ``arch-variant`` of the reference."""
    texts = ('variant = "v8"', 'arch-variant = "v8"')

    assert ["v8", "v8"] == [TargetConstraint.from_toml(parse_toml(text, FILE)).variant for text in texts]


_changes = st.builds(
    EnvChange,
    name=st.from_regex(r"[A-Z_]{1,6}", fullmatch=True),
    action=st.sampled_from(EnvAction),
    value=st.binary(max_size=8),
    delimiter=st.binary(max_size=2),
)


@given(
    changes=st.lists(_changes, max_size=5, unique_by=lambda change: change.name),
    env=st.dictionaries(st.from_regex(r"[A-Z_]{1,6}", fullmatch=True), st.binary(max_size=8)),
)
def test_env_delta_does_the_same_through_files(changes: list[EnvChange], env: dict[str, bytes]) -> None:
    """Written to an ``env`` directory and read back, changes have the same effect."""
    delta = EnvDelta(changes=tuple(changes))
    before = dict(env)

    assert delta.apply(env) == EnvDelta.from_files(delta.to_files()).apply(env)
    assert before == env


@pytest.mark.requirement(
    "buildpack.environment.append",
    "buildpack.environment.prepend",
    "buildpack.environment.default",
    "buildpack.environment.override",
    "buildpack.environment.delimiter",
    "buildpack.environment.name",
)
@pytest.mark.parametrize(
    ("files", "env", "expected"),
    [
        ({"A": b"new"}, {"A": b"old"}, b"new"),
        ({"A.override": b"new"}, {"A": b"old"}, b"new"),
        ({"A.default": b"new"}, {"A": b"old"}, b"old"),
        ({"A.default": b"new"}, {"A": b""}, b"new"),
        ({"A.default": b"new"}, {}, b"new"),
        ({"A.append": b"new"}, {"A": b"old"}, b"oldnew"),
        ({"A.append": b"new", "A.delim": b":"}, {"A": b"old"}, b"old:new"),
        ({"A.append": b"new", "A.delim": b":"}, {}, b"new"),
        ({"A.prepend": b"new", "A.delim": b":"}, {"A": b"old"}, b"new:old"),
        ({"A.prepend": b"p", "A.append": b"a", "A.delim": b":"}, {"A": b"old"}, b"p:old:a"),
        ({"A.append": b"a", "A.override": b"o"}, {"A": b"old"}, b"o"),
        ({"A.unknown": b"x", ".hidden": b"x", "A.b.append": b"x", "A.delim": b":"}, {"A": b"old"}, b"old"),
        ({"A": b"\xff\x00\n"}, {}, b"\xff\x00\n"),
    ],
)
def test_env_delta_by_the_rules(files: dict[str, bytes], env: dict[str, bytes], expected: bytes) -> None:
    """Each suffix, in alphabetical order of the files."""
    assert expected == EnvDelta.from_files(files).apply(env)["A"]


@pytest.mark.requirement("platform.buildpack-environment.operator-suffixes")
def test_env_delta_of_the_operator_defaults() -> None:
    """In build-config a file without suffix is a default."""
    delta = EnvDelta.from_files({"A": b"new"}, EnvAction.DEFAULT)

    assert {"A": b"old"} == delta.apply({"A": b"old"})


def test_table_names_the_full_key() -> None:
    """An error deep in a document says where."""
    table = parse_toml("[a]\n[[a.b]]\nc = 1\n", FILE).table("a")

    with pytest.raises(TomlValueError) as error:
        [one.text("c") for one in table.tables("b")]

    assert ("a.b[0].c", "expected a string, found 1") == (error.value.key, error.value.problem)


def test_table_suggests_the_nearest_key() -> None:
    """An unknown key is refused where a document is ours to define."""
    with pytest.raises(TomlValueError) as error:
        Table({"comand": 1}, FILE).only("command", "args")

    assert ("comand", "command") == (error.value.key, error.value.suggestion)
    assert "Did you mean 'command'?" in error.value.explain().fix


def test_table_tells_booleans_from_numbers() -> None:
    """Python's True is an int, TOML's true is not."""
    with pytest.raises(TomlValueError):
        Table({"n": True}, FILE).integer("n")
    with pytest.raises(TomlValueError):
        Table({"n": 1}, FILE).boolean("n")
    assert 7 == Table({"n": 7}, FILE).integer("n")


def test_reading_tells_absent_from_unreadable_from_malformed(tmp_path: Path) -> None:
    """Three conditions, three outcomes."""
    (tmp_path / "malformed").write_text("a = [1,\n")
    (tmp_path / "binary").write_bytes(b"a = '\xff'")
    (tmp_path / "dangling").symlink_to("nowhere")

    assert {} == read_toml_if_present(tmp_path / "absent").data
    for name in ("absent", "binary", "."):
        with pytest.raises(TomlUnreadableError):
            read_toml(tmp_path / name)
    with pytest.raises(TomlUnreadableError):
        read_toml_if_present(tmp_path / "dangling")
    with pytest.raises(TomlSyntaxError, match="malformed"):
        read_toml(tmp_path / "malformed")


def test_nearest_finds_what_was_meant_or_nothing() -> None:
    """A suggestion has to be close."""
    assert ("heroku/ruby", None) == (
        nearest("heroku/rubi", ("heroku/go", "heroku/ruby")),
        nearest("zzz", ("heroku/go",)),
    )
