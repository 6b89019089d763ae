"""The log of the detector program, as people know it from the reference."""

from __future__ import annotations

from lifecycle_py.detection_log import detection_log
from lifecycle_py.detector import DetectRules, explore
from tests.support.workshop import Workshop, an_order


def _log(workshop: Workshop, *groups: str, debug: bool = False) -> list[str]:
    return list(detection_log(explore(an_order(*groups), workshop.runner(), DetectRules()), debug=debug))


def test_log_names_who_takes_part(workshop: Workshop) -> None:
    """When a group passes and nothing broke, that is all."""
    assert [
        "2 of 3 buildpacks participating",
        "fixtures/always-passes 1.0.0",
        "fixtures/two-processes 1.0.0",
    ] == _log(workshop, "always_passes never_passes? two_processes")
    assert ["fixtures/always-passes 1.0.0"] == _log(workshop, "always_passes")


def test_log_shows_errors_even_when_a_group_passes(workshop: Workshop) -> None:
    """An optional buildpack that broke has its output and its code in the log."""
    assert [
        "======== Output: fixtures/breaks-detect@1.0.0 ========",
        "it went wrong",
        "err:  fixtures/breaks-detect@1.0.0 (3)",
        "1 of 2 buildpacks participating",
        "fixtures/always-passes 1.0.0",
    ] == _log(workshop, "breaks_detect? always_passes")


def test_log_shows_everything_when_nothing_passes(workshop: Workshop) -> None:
    """Every output, every verdict and every try is there."""
    workshop.write_buildpack("aimed", {}, toml='[[targets]]\narch = "arm64"\n')
    workshop.write_buildpack("tests", {}, toml='exec-env = ["test"]\n')

    assert [
        "======== Output: fixtures/never-passes@1.0.0 ========",
        "no such file: app.json",
        "======== Error: fixtures/aimed@1.0.0 ========",
        "it builds for any/arm64, not for linux/amd64 (debian 13)",
        "======== Results ========",
        "fail: fixtures/never-passes@1.0.0",
        "pass: fixtures/always-passes@1.0.0",
        "err:  fixtures/aimed@1.0.0",
        "Skipping fixtures/tests@1.0.0: it is for the execution environments [test]",
        "======== Results ========",
        "skip: fixtures/aimed@1.0.0",
        "pass: fixtures/provides-tool@1.0.0",
        "pass: fixtures/always-passes@1.0.0",
        "Resolving plan... (try #1)",
        "fail: fixtures/provides-tool@1.0.0 provides unused tool",
        "======== Output: fixtures/never-passes@1.0.0 ========",
        "no such file: app.json",
        "======== Results ========",
        "skip: fixtures/never-passes@1.0.0",
        "fail: no viable buildpacks in group",
        "======== Results ========",
        "pass: fixtures/requires-tool@1.0.0",
        "Resolving plan... (try #1)",
        "skip: fixtures/requires-tool@1.0.0 requires tool",
        "fail: no viable buildpacks in group",
    ] == _log(
        workshop,
        "never_passes always_passes aimed",
        "tests aimed? provides_tool always_passes",
        "never_passes?",
        "requires_tool?",
    )


def test_log_shows_everything_for_debugging(workshop: Workshop) -> None:
    """The way to the group that passed."""
    assert [
        "======== Results ========",
        "pass: fixtures/provides-tool@1.0.0",
        "pass: fixtures/always-passes@1.0.0",
        "Resolving plan... (try #1)",
        "skip: fixtures/provides-tool@1.0.0 provides unused tool",
        "1 of 2 buildpacks participating",
        "fixtures/always-passes 1.0.0",
    ] == _log(workshop, "provides_tool? always_passes", debug=True)


def test_log_leaves_out_tries_nobody_reads(workshop: Workshop) -> None:
    """Alternatives multiply; the log says how many it leaves out and numbers the last one rightly."""
    plan = "".join(f'[[or]]\\n[[or.provides]]\\nname=\\"{letter}\\"\\n' for letter in "abcde")
    for name in ("one", "two", "three"):
        workshop.write_buildpack(name, {"bin/detect": f'#!/bin/sh\nprintf "{plan}" >"$2"\n'})

    lines = _log(workshop, "one two three requires_tool")

    assert ["(116 tries are not shown)", "Resolving plan... (try #216)"] == lines[-3:-1]
