"""The program that sources ``.profile.d`` where the app starts: run by a real bash, its output read as TOML."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buildpacks.sdk.profile_scripts import MARKER, has_profile_scripts
from tests.support.profile_launch import Launch
from tests.support.trees import write_tree


def test_scripts_are_sourced_in_the_order_of_their_names(tmp_path: Path) -> None:
    """By their bytes, whatever the locale."""
    scripts = {name: f'export ORDER="${{ORDER:-}}{name[0]}"' for name in ("b.sh", "a.sh", "B.sh", "_.sh", "1.sh")}
    launch = Launch(tmp_path / "app", {**scripts, "x.txt": "exit 9"}, LC_ALL="en_US.UTF-8")

    assert launch.variables["ORDER"] == "1B_ab"


def test_what_is_set_changed_and_left_alone(tmp_path: Path) -> None:
    """New and changed variables are given; unexported and unchanged ones are not."""
    script = "export NEW=1 PATH=/app/bin:$PATH KEPT=$KEPT\nlocal_only=2\nA_FUNCTION() { :; }\nexport -f A_FUNCTION"
    launch = Launch(tmp_path / "app", {"a.sh": script})

    assert launch.variables == {"NEW": "1", "PATH": "/app/bin:/usr/bin:/bin", MARKER: "sourced"}


def test_home_is_the_app_while_scripts_run_and_restored_afterwards(tmp_path: Path) -> None:
    """Scripts find the app at $HOME; the process gets its own HOME back."""
    app = tmp_path / "app"
    launch = Launch(app, {"a.sh": "export SEEN=$HOME HERE=$PWD\nHOME=/elsewhere\ncd /"})

    assert launch.variables == {"SEEN": str(app), "HERE": str(app), MARKER: "sourced"}


def test_second_program_does_nothing(tmp_path: Path) -> None:
    """Several classic buildpacks bring the program; the scripts are sourced once."""
    launch = Launch(tmp_path / "app", {"a.sh": "export PATH=again:$PATH"}, **{MARKER: "sourced"})

    assert (launch.status, launch.variables) == (0, {})


def test_script_that_fails_does_not_end_the_others(tmp_path: Path) -> None:
    """A script's own status means nothing, as on Heroku."""
    launch = Launch(tmp_path / "app", {"a.sh": "export A=1\nfalse", "b.sh": "export B=2\nfalse"})

    assert launch.status == 0
    assert launch.variables == {"A": "1", "B": "2", MARKER: "sourced"}


def test_script_that_exits_ends_the_launch_with_its_status(tmp_path: Path) -> None:
    """Under set -e or exit, the launcher is told."""
    assert Launch(tmp_path / "app", {"a.sh": "export A=1\nset -e\nfalse", "b.sh": "export B=2"}).status == 1


def test_shell_options_of_scripts_do_no_harm(tmp_path: Path) -> None:
    """A script may set -u and another IFS."""
    launch = Launch(tmp_path / "app", {"a.sh": "set -u\nIFS=E\nexport ONE=1 TWO=2"})

    assert launch.variables == {"ONE": "1", "TWO": "2", MARKER: "sourced"}


def test_background_programs_do_not_keep_the_launcher_waiting(tmp_path: Path) -> None:
    """What a script leaves running has neither descriptor 3 nor anything else the launcher waits for."""
    script = "( [ -e /proc/self/fd/3 ] && export LEAK=1; sleep 30 ) > /dev/null 2>&1 &\nexport PID=$!"
    launch = Launch(tmp_path / "app", {"a.sh": script})
    pid = int(launch.variables["PID"])
    descriptors = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208
    os.kill(pid, 9)

    assert "3" not in descriptors


def test_value_that_is_not_utf_8_is_left_out_and_said(tmp_path: Path) -> None:
    """TOML holds text only; the log names the variable."""
    launch = Launch(tmp_path / "app", {"a.sh": "export BAD=$'\\xff' GOOD=ü"})

    assert launch.variables == {"GOOD": "ü", MARKER: "sourced"}
    assert "Leaving out BAD" in launch.stderr


def test_no_scripts(tmp_path: Path) -> None:
    """Without .profile.d, or with other files only, there is nothing to source."""
    assert not has_profile_scripts(tmp_path)
    write_tree(tmp_path, {".profile.d/readme.txt": ""})
    assert not has_profile_scripts(tmp_path)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_any_value_arrives_as_it_is(tmp_path: Path, values: list[str]) -> None:
    """Quotes, backslashes, newlines, control characters: each value is what the script set."""
    quoted = ["'" + value.replace("'", "'\\''") + "'" for value in values]
    script = "\n".join(f"export V{number}={value}" for number, value in enumerate(quoted))
    launch = Launch(tmp_path / "app", {"a.sh": script})

    assert launch.variables == {f"V{number}": value for number, value in enumerate(values)} | {MARKER: "sourced"}
