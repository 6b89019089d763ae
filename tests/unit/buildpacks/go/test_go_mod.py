"""go.mod as text becomes what a build has to know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.go.errors import DuplicateModLineError, GoModSyntaxError, NoModuleLineError
from buildpacks.go.go_mod import GoMod, Line, parse_go_mod
from buildpacks.sdk import ExplainedError

WHOLE = """\
// +heroku goVersion go1.26
// +heroku install ./cmd/api ./cmd/worker
module "example.com/shop" // the shop

go 1.24.2
toolchain go1.25.0

require github.com/go-kit/kit v0.13.0
require (
	github.com/go-kit/log v0.2.1 // indirect
	`example.com/quoted` v1.0.0
)

replace example.com/quoted => ../quoted
exclude (
	example.com/bad v1.1.0
)
retract [v1.0.0, v1.0.5]
"""


def test_everything_a_build_has_to_know() -> None:
    """Module, Go, toolchain, requirements of both forms, and Heroku's directives with their lines."""
    assert parse_go_mod(WHOLE) == GoMod(
        module="example.com/shop",
        go=Line(text="1.24.2", number=5),
        toolchain=Line(text="go1.25.0", number=6),
        requires=(
            ("github.com/go-kit/kit", "v0.13.0"),
            ("github.com/go-kit/log", "v0.2.1"),
            ("example.com/quoted", "v1.0.0"),
        ),
        versions=(Line(text="go1.26", number=1),),
        installs=(Line(text="./cmd/api ./cmd/worker", number=2),),
    )


def test_windows_line_ends() -> None:
    """A file from Windows is read like any other."""
    mod = parse_go_mod("module shop\r\n\r\n// +heroku goVersion go1.26\r\ngo 1.25\r\n")

    assert (mod.module, mod.go, mod.versions) == (
        "shop",
        Line(text="1.25", number=4),
        (Line(text="go1.26", number=3),),
    )


@pytest.mark.parametrize(
    "comment", ["// +heroku goVersion", "// heroku goVersion 1.2", "# +heroku goVersion 1.2", "//+herokugoVersion 1"]
)
def test_comments_that_are_no_directives(comment: str) -> None:
    """Only the form that Heroku knows is a directive."""
    assert () == parse_go_mod(f"module shop\n{comment}\n").versions


def test_required_module() -> None:
    """A module that is required has its version; any other has none."""
    mod = parse_go_mod(WHOLE)

    assert ("v0.13.0", None) == (mod.required("github.com/go-kit/kit"), mod.required("github.com/go-kit"))


@pytest.mark.parametrize(
    ("text", "error", "line"),
    [
        ("module a b\n", GoModSyntaxError, 1),
        ("module a\ngo\n", GoModSyntaxError, 2),
        ("module a\nrequire b\n", GoModSyntaxError, 2),
        ("module a\n\nrequire (\n b v1.0.0\n", GoModSyntaxError, 3),
        ('module "a\n', GoModSyntaxError, 1),
        ("module a\ngo 1.26\ngo 1.27\n", DuplicateModLineError, 3),
        ("go 1.26\n", NoModuleLineError, None),
        ("", NoModuleLineError, None),
    ],
)
def test_what_cannot_be_used(text: str, error: type[ExplainedError], line: int | None) -> None:
    """A file that cannot be used is refused with the line that is wrong."""
    with pytest.raises(error) as caught:
        parse_go_mod(text)

    assert line == getattr(caught.value, "line", None)


@given(st.text(alphabet=st.sampled_from('module go require()"`/ \t\n\r.v1+heroku=>[],'), max_size=120))
def test_any_text_is_read_or_explained(text: str) -> None:
    """No text makes the parser fail in another way than with an error that explains itself."""
    explained = ""
    try:
        explained = parse_go_mod(text).module
    except ExplainedError as error:
        explained = str(error)

    assert explained or '""' in text or "``" in text
