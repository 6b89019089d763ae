"""Detection, explained: as a tree for people and as JSON."""

from __future__ import annotations

import json
from typing import Any

from builder.explain.detection_json import detection_document
from builder.explain.detection_tree import detection_lines
from builder.explain.tree import Node, draw
from lifecycle_py.detector import DetectRules, explore
from tests.support.workshop import Workshop, an_order

_TWO_WAYS = """#!/bin/sh
cat >"$2" <<END
[[provides]]
name = "unused"
[[or]]
[[or.requires]]
name = "tool"
[or.requires.metadata]
version = "3"
END
"""


def _explained(workshop: Workshop, *groups: str, extensions: tuple[str, ...] = ()) -> tuple[str, dict[str, Any]]:
    detection = explore(an_order(*groups, extensions=extensions), workshop.runner(), DetectRules())
    document = json.loads(json.dumps(detection_document(detection)))
    return "\n".join(detection_lines(detection)), document


def test_draw_keeps_details_beside_their_line() -> None:
    """Branches are drawn through the details of what has children."""
    tree = Node(
        text="root",
        details=("why",),
        children=(Node(text="a", details=("one", "", "two"), children=(Node(text="b"),)), Node(text="c")),
    )

    assert ["root", "│   why", "├─ a", "│  │   one", "│  │", "│  │   two", "│  └─ b", "└─ c"] == list(draw(tree))


def test_tree_tells_who_said_what(workshop: Workshop) -> None:
    """Each group with its members, their exit codes and their words; what was said before is not repeated."""
    workshop.write_buildpack("tests", {}, toml='exec-env = ["test"]\n')

    text, _ = _explained(workshop, "never_passes always_passes", "tests never_passes? breaks_detect? two_processes")

    assert text == (
        """The app is built by fixtures/two-processes@1.0.0.

Group 1 failed: fixtures/never-passes@1.0.0 did not pass
├─ fixtures/never-passes@1.0.0, required, does not apply (exit code 100)
│      no such file: app.json
└─ fixtures/always-passes@1.0.0, required, passes (exit code 0)

Group 2 passed
├─ fixtures/never-passes@1.0.0, optional, does not apply, as above
├─ fixtures/breaks-detect@1.0.0, optional, broke with exit code 3
│      it went wrong
├─ fixtures/two-processes@1.0.0, required, passes (exit code 0)
├─ fixtures/tests@1.0.0 is left out: it is for test only
└─ the plan holds"""
    )


def test_tree_tells_how_each_try_of_a_plan_went(workshop: Workshop) -> None:
    """Which alternative was tried, what was unmet or unused, and who was left out for it."""
    workshop.write_buildpack("two-ways", {"bin/detect": _TWO_WAYS})
    workshop.write_extension("tool", {"detect/plan.toml": '[[provides]]\nname = "tool"\n'})

    text, _ = _explained(workshop, "provides_tool_too? two_ways", extensions=("tool",))

    assert text.partition("\n\n")[2] == (
        """Group 1 passed
├─ fixtures/tool@1.0.0, extension, passes (exit code 0)
│  └─ provides tool
├─ fixtures/provides-tool-too@1.0.0, optional, passes (exit code 0)
│  └─ provides tool
├─ fixtures/two-ways@1.0.0, required, passes (exit code 0)
│  ├─ alternative 1: provides unused
│  └─ alternative 2: requires tool (version 3)
└─ the plan holds, after 2 combinations of alternatives were tried
   ├─ try 1 fails: fixtures/two-ways@1.0.0 provides 'unused', which no buildpack after it requires """
        """(alternative 1 of fixtures/two-ways)
   └─ try 2 holds (alternative 2 of fixtures/two-ways)

Build plan
└─ tool: from fixtures/tool, fixtures/provides-tool-too
       tool (version 3)"""
    )


def test_tree_tells_what_was_left_out_of_a_plan_that_fails(workshop: Workshop) -> None:
    """An optional buildpack goes first; then nobody is left."""
    text, _ = _explained(workshop, "requires_tool?")

    assert text == (
        """No group of buildpacks passed: nobody builds this app.

Group 1 failed: no buildpack of the group passed
├─ fixtures/requires-tool@1.0.0, optional, passes (exit code 0)
│  └─ requires tool (version 3.*)
└─ the plan fails: no buildpack of the group passed
   └─ left out, as it is optional: fixtures/requires-tool@1.0.0 requires 'tool', """
        "which no buildpack before it provides"
    )


def test_tree_names_who_broke(workshop: Workshop) -> None:
    """A failed detection in which a buildpack broke says so first."""
    text, document = _explained(workshop, "breaks_detect")

    assert text.startswith("No group of buildpacks passed, and fixtures/breaks-detect@1.0.0 broke.\n")
    assert (False, 21) == (document["passed"], document["exitCode"])


def test_json_has_everything(workshop: Workshop) -> None:
    """Verdict, group, plan, and per group its members, what was skipped, and every trial."""
    workshop.write_buildpack("two-ways", {"bin/detect": _TWO_WAYS})
    workshop.write_buildpack("tests", {}, toml='exec-env = ["test"]\n')

    _, document = _explained(workshop, "never_passes", "tests provides_tool? two_ways")

    assert (True, 0, ["fixtures/provides-tool", "fixtures/two-ways"]) == (
        document["passed"],
        document["exitCode"],
        [one["id"] for one in document["group"]],
    )
    assert [{"name": "tool", "metadata": {"version": "3"}}] == document["plan"][0]["requires"]
    first, second = document["attempts"]
    assert (1, False, "fixtures/never-passes@1.0.0 did not pass", 0) == (
        first["number"],
        first["passed"],
        first["reason"],
        first["tried"],
    )
    assert {
        "id": "fixtures/never-passes",
        "version": "1.0.0",
        "extension": False,
        "optional": False,
        "passed": False,
        "exitCode": 100,
        "output": "no such file: app.json",
        "problem": "",
        "alternatives": [],
        "errored": False,
    } == first["members"][0]
    assert [("fixtures/tests", ["test"])] == [(one["id"], one["execEnv"]) for one in second["skipped"]]
    failed, passed = second["trials"]
    assert [("provides", "unused", False)] == [
        (one["rule"], one["name"], one["dropped"]) for one in failed["violations"]
    ]
    assert (True, [(1, 1), (2, 2)]) == (
        passed["passed"],
        [(one["alternative"], one["of"]) for one in passed["choices"]],
    )
