"""What a person and a machine see of a build's events."""

from __future__ import annotations

import io
import json

import pytest

from builder.cli.options import ColorChoice
from builder.cli.reporters import (
    JsonReporter,
    PlainReporter,
    TerminalReporter,
    human_seconds,
    human_size,
    printable,
)
from lifecycle_py.output import Reporter


def tell(reporter: Reporter) -> None:
    """Tell one event of each kind."""
    reporter.header("Building")
    reporter.progress("working")
    reporter.step("Installed", seconds=1.234)
    reporter.detail("more")
    reporter.command("make install")
    reporter.output("from the buildpack")
    reporter.warning("careful")
    reporter.header("Exporting")


def test_plain_output_is_quiet_and_without_colours() -> None:
    """Piped, there is no progress, no colour and no motion: a log one can read later."""
    stream = io.StringIO()
    tell(PlainReporter(stream))

    assert [
        "Building",
        "  Installed (1.2 s)",
        "    more",
        "    $ make install",
        "  from the buildpack",
        "  Warning: careful",
        "",
        "Exporting",
        "",
    ] == stream.getvalue().split("\n")


def test_terminal_overwrites_its_progress_line() -> None:
    """On a terminal progress is shown and erased before the next line."""
    stream = io.StringIO()
    tell(TerminalReporter(stream, color=False))

    assert "  … working\r\x1b[2K  Installed (1.2 s)\n" in stream.getvalue()


def test_json_has_one_object_a_line_with_the_facts() -> None:
    """Machines get kind, text and fields."""
    stream = io.StringIO()
    tell(JsonReporter(stream))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]

    assert ["header", "progress", "step", "detail", "command", "output", "warning", "header"] == [
        event["kind"] for event in events
    ]
    assert {"kind": "step", "text": "Installed", "seconds": 1.234} == events[2]


@pytest.mark.parametrize(
    ("environ", "color"), [({}, False), ({"FORCE_COLOR": "1"}, True), ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False)]
)
def test_colours_only_where_they_are_wanted(environ: dict[str, str], *, color: bool) -> None:
    """A pipe gets none unless forced, and NO_COLOR always wins."""
    assert color == ColorChoice(environ).resolve(io.StringIO())


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (123_456, "123 kB"), (56_300_000, "56.3 MB")]
)
def test_sizes(size: int, text: str) -> None:
    """Sizes are decimal, with three figures at most."""
    assert text == human_size(size)


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0.0 s"), (9.96, "10.0 s"), (83.4, "1 min 23 s")])
def test_durations(seconds: float, text: str) -> None:
    """Durations are seconds, and minutes above one."""
    assert text == human_seconds(seconds)


@pytest.mark.parametrize(
    ("text", "plain", "colored"),
    [
        ("a\x1b[31mred\x1b[0m", "ared", "a\x1b[31mred\x1b[0m"),
        ("\x1b[2Jgone\x1b[1A", "gone", "gone"),
        ("\x1b]0;title\x07text", "text", "text"),
        ("bell\x07 back\x08 \x9b31m", "bell back 31m", "bell back 31m"),
        ("tab\tänd – dash", "tab\tänd – dash", "tab\tänd – dash"),
    ],
)
def test_a_buildpack_cannot_play_with_the_terminal(text: str, plain: str, colored: str) -> None:
    """Of what a buildpack prints only text and colours reach a terminal, and only text a log."""
    assert plain == printable(text, color=False)
    assert colored == printable(text, color=True)
