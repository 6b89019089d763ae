"""Dockerfiles, read: what is meant, and errors with file and line."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_py.dockerfile.errors import DockerfileError
from lifecycle_py.dockerfile.instructions import ALLOWED, OTHERS, Instruction, parse_dockerfile
from lifecycle_py.dockerfile.rules import DockerfileKind, check_dockerfile
from lifecycle_py.dockerfile.words import WordError, expand, expand_text, split_words

HEAD = "ARG base_image\nFROM ${base_image}\n"


def _parse(text: str) -> tuple[Instruction, ...]:
    return parse_dockerfile(text, "run.Dockerfile").instructions


def test_lines_are_joined_and_counted() -> None:
    """Continued lines are one instruction at its first line; comments and empty lines in between do not matter."""
    text = "# comment\n\nrun apt-get \\\n  # not part of it\n\n  install \\  \n  curl\n\tENV\ta=b\n"

    run, env = _parse(text)

    assert (3, "RUN", "apt-get   install   curl") == (run.line, run.keyword, run.text)
    assert (8, "ENV", ("a=b",)) == (env.line, env.keyword, env.words)


def test_escape_directive_changes_what_continues_a_line() -> None:
    """Directives count at the top only."""
    (run,) = _parse("# syntax=docker/dockerfile:1\n# escape=`\nRUN a `\n b \\c\n")
    (late,) = _parse("RUN true\n# escape=`\n")

    assert ("a  b \\c", "true") == (run.text, late.text)


@pytest.mark.parametrize(
    ("text", "words", "exec_form"),
    [
        ('RUN ["/bin/sh", "-c", "echo hi"]', ("/bin/sh", "-c", "echo hi"), True),
        ("RUN [ -f /x ] && true", ("[", "-f", "/x", "]", "&&", "true"), False),
        ("RUN echo it's", ("echo it's",), False),
        ('SHELL ["/bin/bash", "-ec"]', ("/bin/bash", "-ec"), True),
        ('COPY ["a b", "/c"]', ("a b", "/c"), True),
        ("COPY a 'b c' /d/", ("a", "'b c'", "/d/"), False),
    ],
)
def test_arrays_are_taken_as_they_are(text: str, words: tuple[str, ...], *, exec_form: bool) -> None:
    """A JSON array of texts is the exec form; what only looks like one is a shell's business."""
    (one,) = _parse(text)

    assert (words, exec_form) == (one.words, one.exec_form)


def test_heredocs_belong_to_their_instruction() -> None:
    """Several may follow one another; a dash takes leading tabs away, quotes keep variables as they are."""
    text = "RUN <<EOF cat <<-'B'\n  one\nEOF\n\t\ttwo $x\n\tB\nCOPY <<f.txt /f\n$x\nf.txt\nENV a=<<EOF\n"

    run, copy, env = _parse(text)

    assert [("EOF", "  one\n", True), ("B", "two $x\n", False)] == [(h.name, h.text, h.expand) for h in run.heredocs]
    assert [("f.txt", "$x\n", True)] == [(h.name, h.text, h.expand) for h in copy.heredocs]
    assert () == env.heredocs


def test_names_and_values() -> None:
    """ENV and LABEL have two forms."""
    new, old = _parse("ENV a=b c='d e' f=\nENV g  h i\n")

    assert (("a", "b"), ("c", "'d e'"), ("f", "")) == new.pairs()
    assert (("g", "h i"),) == old.pairs()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("RUN x\nCOYP a b", 2, "'COYP' is no instruction"),
        ("RUN", 1, "RUN needs something"),
        ("RUN --mount=type=cache x", 1, "--mount is not supported"),
        ("COPY --from=builder a b", 1, "--from is not supported"),
        ("COPY a", 1, "a source and a target"),
        ("ENV a", 1, "a name and a value"),
        ("ENV a=b =c", 1, "NAME=VALUE"),
        ("ENV a='b", 1, "does not end"),
        ("ARG 1=2", 1, "ARG needs names"),
        ("SHELL /bin/bash", 1, "JSON array"),
        ("FROM a b", 1, "the name of one image"),
        ("\nRUN <<EOF\nx\n", 2, "the here-document 'EOF' does not end"),
        ("# escape=x\n", 1, "the escape character"),
    ],
)
def test_errors_name_file_and_line(text: str, line: int, words: str) -> None:
    """An author finds the place without counting."""
    with pytest.raises(DockerfileError, match=words) as error:
        _parse(text)

    assert (f"run.Dockerfile:{line} cannot be applied", 92) == (error.value.explain().what, error.value.exit_code)


@pytest.mark.requirement(
    "image_extension.dockerfiles.build-first-lines", "image_extension.dockerfiles.build-no-other-from"
)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FROM ${base_image}\n", "does not begin with 'ARG base_image'"),
        ("ARG base_image\nARG other\nFROM ${base_image}\n", "and that alone"),
        ("ARG base_image\nFROM debian\n", "cannot be switched"),
        (f"{HEAD}FROM x\n", "a second FROM"),
        ("RUN x\nARG base_image\nFROM ${base_image}\n", "only ARG may stand before FROM"),
        ("ARG base_image\n", "there is no FROM"),
        ("", "there is no FROM"),
    ],
)
def test_build_dockerfile_begins_as_it_must(text: str, words: str) -> None:
    """A build image is extended, never switched, in one stage."""
    with pytest.raises(DockerfileError, match=words):
        check_dockerfile(parse_dockerfile(text, "build.Dockerfile"), DockerfileKind.BUILD)


@pytest.mark.requirement("image_extension.dockerfiles.run-one-from")
def test_run_dockerfile_has_one_stage() -> None:
    """Its FROM switches the image, what follows changes it, and either may be missing."""
    with pytest.raises(DockerfileError, match="a second FROM"):
        _purpose("FROM a\nFROM b\n")
    with pytest.raises(DockerfileError, match="depends on an argument"):
        _purpose("ARG x=1\nFROM image:${x}\n")
    assert ("registry.test/run:2", False) == _purpose("FROM registry.test/run:2\n")
    assert ("registry.test/run:2", True) == _purpose("FROM registry.test/run:2\nRUN x\n")
    assert ("", True) == _purpose(f"{HEAD}USER x\n")
    assert ("", False) == _purpose(HEAD)


def _purpose(text: str) -> tuple[str, bool]:
    purpose = check_dockerfile(parse_dockerfile(text, "run.Dockerfile"), DockerfileKind.RUN)
    return purpose.base, purpose.extends


@pytest.mark.requirement("image_extension.dockerfiles.instructions")
def test_other_instructions_are_warned_about() -> None:
    """They are Docker's, and have no effect in an app's image."""
    text = f"{HEAD}CMD x\nEXPOSE 80\nRUN x\n"
    purpose = check_dockerfile(parse_dockerfile(text, "run.Dockerfile"), DockerfileKind.RUN)

    assert (
        "run.Dockerfile:3: CMD is not recommended, and has no effect",
        "run.Dockerfile:4: EXPOSE is not recommended, and has no effect",
    ) == purpose.warnings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$a", "1"),
        ("${a}b", "1b"),
        ("$ab", ""),
        ("'$a' \"$a\"", "$a 1"),
        ("\\$a", "$a"),
        ('"\\$a \\" \\n"', '$a " \\n'),
        ("${none:-x}", "x"),
        ("${empty:-x}", "x"),
        ("${empty-x}", ""),
        ("${a:+x}", "x"),
        ("${none+x}", ""),
        ("${none:-$a}", "1"),
        ("50$ $", "50$ $"),
        ("a\\", "a\\"),
    ],
)
def test_expand(text: str, expected: str) -> None:
    """As the Dockerfile reference says."""
    assert expected == expand(text, {"a": "1", "empty": ""})


def test_expand_text_leaves_quotes_alone() -> None:
    """In a here-document only variables mean something."""
    assert 'it\'s "1" $a' == expand_text('it\'s "$a" \\$a', {"a": "1"})


@pytest.mark.parametrize("text", ["'a", '"a', "${a", "${1}", "${a?x}"])
def test_expand_refuses_what_it_does_not_know(text: str) -> None:
    """Rather than taking it for something else."""
    with pytest.raises(WordError):
        expand(text, {})


@given(words=st.lists(st.text(st.sampled_from("ab '\"\\$"), min_size=1), max_size=4))
def test_quoted_words_come_back(words: list[str]) -> None:
    """Whatever is put into double quotes with escapes is read back."""
    quoted = [
        f'"{word}"' for word in (one.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") for one in words)
    ]

    assert words == [expand(word, {}) for word in split_words(" ".join(quoted))]


_pieces = st.sampled_from(
    [
        *ALLOWED,
        *OTHERS,
        " ",
        "\n",
        "\\\n",
        "#",
        "=",
        '"',
        "'",
        "[",
        "]",
        ",",
        "<<EOF",
        "EOF",
        "${",
        "}",
        "--chown=",
        "a",
    ]
)


@settings(max_examples=300)
@given(text=st.lists(_pieces | st.text(max_size=5), max_size=25).map("".join))
def test_any_text_is_read_or_explained(text: str) -> None:
    """No Dockerfile crashes the parser; an error has a line that exists."""
    with contextlib.suppress(DockerfileError):
        dockerfile = parse_dockerfile(text, "x")
        for kind in DockerfileKind:
            with contextlib.suppress(DockerfileError):
                check_dockerfile(dockerfile, kind)
        assert all(1 <= one.line <= text.count("\n") + 1 for one in dockerfile.instructions)
        for one in dockerfile.instructions:
            if one.keyword in {"ENV", "LABEL"}:
                one.pairs()
            with contextlib.suppress(WordError):
                expand(one.text, {"a": "b"}, dockerfile.escape)
