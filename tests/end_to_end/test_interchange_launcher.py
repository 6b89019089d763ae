"""Our launcher and the reference's over the same image: the same environment, arguments and exit status.

The cases are those of the reference's own acceptance suite, and trees made up at random. Where specification and
reference differ (exec.d, execution environments) the decisions of docs/reference/conformance.md hold.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.reference_programs import reference_programs
from tests.unit.lifecycle_py.launcher.app_image import AppImage, Outcome, write, write_program
from tests.unit.lifecycle_py.launcher.compiled import host_launcher
from tests.unit.lifecycle_py.launcher.test_launcher_environment import FILES

pytestmark = pytest.mark.end_to_end

_OLD, _NEW = "old/buildpack", "new/buildpack"
_SHOW = ["sh", "-c", 'printf "[%s]" "$0" "$@"']


def _launch_both(image: AppImage, name: str, *args: str, api: str = "0.15", **env: str) -> tuple[Outcome, Outcome]:
    """Launch with our launcher, then with the reference's."""
    outcomes = []
    for launcher in (host_launcher(), reference_programs().phases / "launcher"):
        image.launcher = launcher
        outcomes.append(image.run(name, *args, env=env, api=api))
    return outcomes[0], outcomes[1]


def _same(outcomes: tuple[Outcome, Outcome]) -> bytes:
    """Insist on the same outcome, messages of the launchers themselves apart, and give what was printed."""
    ours, theirs = outcomes
    assert (theirs.status, theirs.stdout) == (ours.status, ours.stdout), (ours.stderr, theirs.stderr)
    return ours.stdout


def _variables(outcomes: tuple[Outcome, Outcome]) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    ours, theirs = (
        {name: value for name, _, value in (entry.partition(b"=") for entry in outcome.stdout.split(b"\0"))}
        for outcome in outcomes
    )
    return ours, theirs


@pytest.fixture
def image(tmp_path: Path) -> AppImage:
    """The image of the reference's acceptance suite, in our words: two buildpacks, profiles, variables, processes."""
    image = AppImage(tmp_path / "image", host_launcher())
    new, old = image.buildpack(_NEW, api="0.9") / "some_layer", image.buildpack(_OLD, api="0.8") / "some_layer"
    write_program(old / "bin" / "bp-executable", "echo bp executable")
    write(old / "env" / "SOME_VAR", "some-bp-val")
    write(old / "env" / "WORKER_VAR", "worker-no-process-val")
    write(old / "env.launch" / "OTHER_VAR.append", "other-bp-val")
    write(old / "env.launch" / "OTHER_VAR.delim", "**")
    write(old / "env.launch" / "worker" / "WORKER_VAR", "worker-process-val")
    write(old / "profile.d" / "0_bp_profile.sh", "echo sourced bp profile\n")
    write(old / "profile.d" / "profile-checker" / "0_checker.sh", "export VAR_FROM_PROFILE=from-profile\n")
    write_program(new / "exec.d" / "exec.d-checker" / "helper", "echo 'VAR_FROM_EXEC_D = \"from exec.d\"' >&3")
    write(image.app / ".profile", "echo sourced app profile\n")
    for name in ("web", "process.with.period"):
        image.process(name, "echo", args=[f"Executing {name}"], direct=False, buildpack_id=_OLD)
    image.process("direct-process", "echo", args=["Executing $0 'directly'"], buildpack_id=_OLD)
    image.process("with-args", "printf", args=["'%s' '%s'", "$VAR1", "$VAR2"], direct=False, buildpack_id=_OLD)
    script = 'printf "\'%s\' \'%s\'" "$VAR1" "$VAR2"'
    image.process("with-script", script, direct=False, buildpack_id=_OLD)
    image.process("profile-checker", "echo", args=["$VAR_FROM_PROFILE"], direct=False, buildpack_id=_OLD)
    image.process("exec.d-checker", ["sh", "-c", 'echo "$VAR_FROM_EXEC_D"'], buildpack_id=_NEW)
    image.process("worker", "echo", args=["$WORKER_VAR"], direct=False, buildpack_id=_OLD)
    image.process("list", _SHOW, args=["default"], buildpack_id=_NEW)
    image.process("single", ["echo"], args=["default"], buildpack_id=_NEW)
    image.process("elsewhere", ["pwd"], working_dir="/usr", buildpack_id=_NEW)
    image.process("fails", ["sh", "-c", "exit 42"], buildpack_id=_NEW)
    return image


@pytest.mark.requirement(
    "platform.launcher.by-name",
    "platform.launcher.command-kept",
    "platform.launcher.args-appended",
    "buildpack.launch.profile-d",
)
@pytest.mark.parametrize("api", [f"0.{minor}" for minor in range(7, 16)])
@pytest.mark.parametrize("args", [(), ("with user", "$provided", "args")], ids=["none", "some"])
def test_every_process(image: AppImage, api: str, args: tuple[str, ...]) -> None:
    """Each process type prints and ends the same, with and without arguments of the user, for every Platform API."""
    for process in image.document["processes"]:
        _same(_launch_both(image, process["type"], *args, api=api, VAR1="first", VAR2="second   word"))


@pytest.mark.requirement("platform.launcher.direct", "platform.launcher.shell")
@pytest.mark.parametrize(
    "words",
    [
        ("--", "echo", "something", "$HOME"),
        ("--", "bp-executable"),
        ("echo", "something"),
        ("echo $SOME_VAR && echo two",),
        ("echo", "$SOME_USER_VAR, $CNB_APP_DIR, $OTHER_VAR"),
        ("bp-executable",),
        ("--", "sh", "-c", "exit 7"),
        ("exit 9",),
        ("--", "pwd"),
    ],
)
def test_commands_of_the_user(image: AppImage, words: tuple[str, ...]) -> None:
    """A command of the user runs the same, direct and through the shell."""
    _same(_launch_both(image, "launcher", *words, SOME_USER_VAR="some-user-val", OTHER_VAR="other-user-val"))


@pytest.mark.requirement("platform.launch-environment.hidden", "platform.launch-environment.inherited")
@pytest.mark.parametrize("name", ["launcher", "worker"])
def test_environment(image: AppImage, name: str) -> None:
    """The environment is the same to the last variable."""
    image.process("worker-environment", ["env", "-0"], buildpack_id=_NEW)
    words = ("--", "env", "-0") if name == "launcher" else ()
    called = "launcher" if name == "launcher" else "worker-environment"

    ours, theirs = _variables(_launch_both(image, called, *words, GIVEN="a=b=c", EMPTY="", CNB_PROCESS_TYPE=""))

    assert theirs == ours


@pytest.mark.requirement("buildpack.environment.launch-files", "buildpack.environment.layer-by-layer")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    layers=st.dictionaries(
        st.tuples(
            st.sampled_from(["test/first", "test/second"]),
            st.sampled_from(["a", "B", "a.b"]),
            st.sampled_from(["env", "env.launch", "env.launch/web"]),
        ),
        FILES,
        max_size=6,
    ),
    roots=st.sets(st.sampled_from(["a/bin", "B/lib", "a.b/bin", "a.b/lib"])),
)
def test_environment_of_any_layers(
    tmp_path: Path, layers: Mapping[tuple[str, str, str], Mapping[str, bytes]], roots: set[str]
) -> None:
    """Any env files and directories of any layers give the same environment."""
    shutil.rmtree(tmp_path / "image", ignore_errors=True)
    image = AppImage(tmp_path / "image", host_launcher())
    for buildpack in ("test/first", "test/second"):
        for root in roots:
            (image.buildpack(buildpack) / root).mkdir(parents=True, exist_ok=True)
    for (buildpack, layer, place), files in layers.items():
        for name, content in files.items():
            write(image.layers / buildpack.replace("/", "_") / layer / place / name, content)
    image.process("web", ["/usr/bin/env", "-0"], buildpack_id="test/first")

    ours, theirs = _variables(_launch_both(image, "web", GIVEN="given"))

    assert theirs == ours


@pytest.mark.requirement("platform.launcher.exit-codes")
@pytest.mark.parametrize(
    ("name", "args", "env"),
    [
        ("launcher", (), {}),
        ("no-such-type", (), {}),
        ("launcher", ("--", "no-such-command"), {}),
        ("web", (), {"CNB_PLATFORM_API": "0.99"}),
        ("web", (), {"CNB_PLATFORM_API": "nonsense"}),
        ("web", (), {"CNB_APP_DIR": "/no/such/directory"}),
    ],
)
def test_failures(image: AppImage, name: str, args: tuple[str, ...], env: dict[str, str]) -> None:
    """What cannot be launched ends with the same exit status."""
    ours, theirs = _launch_both(image, name, *args, **env)

    assert theirs.status == ours.status


def test_a_command_that_is_missing(image: AppImage) -> None:
    """``--`` alone is a failure of the launch (82); the reference hands it to the shell, which fails on it (2)."""
    ours, theirs = _launch_both(image, "launcher", "--")

    assert (82, 2) == (ours.status, theirs.status)


@pytest.mark.parametrize("text", ["[[processes", "processes = 1\n", 'x = "\\q"\n', None])
def test_damaged_metadata(image: AppImage, text: str | None) -> None:
    """A metadata.toml that cannot be read ends both launchers."""
    statuses = []
    for launcher in (host_launcher(), reference_programs().phases / "launcher"):
        image.launcher = launcher
        if text is not None:
            image.write_metadata(text)
        statuses.append(image.run_as_is("web").status)

    assert 0 not in statuses


@pytest.mark.requirement("deviation.exec-d-order")
def test_programs_of_exec_d_differ_in_order_only(image: AppImage) -> None:
    """Ours runs all general programs first, as specified; the reference goes layer by layer."""
    for layer in ("a", "b"):
        for place in ("1", "web/2"):
            write_program(image.layers / "new_buildpack" / layer / "exec.d" / place, f"echo {layer}/{place} >&2")
    image.process("web", ["true"], buildpack_id=_NEW)

    ours, theirs = (outcome.stderr.split() for outcome in _launch_both(image, "web"))

    assert ["a/1", "b/1", "a/web/2", "b/web/2"] == ours
    assert ["a/1", "a/web/2", "b/1", "b/web/2"] == theirs


@pytest.mark.requirement("deviation.exec-env-same-type")
def test_processes_of_one_type_for_two_environments(image: AppImage) -> None:
    """Ours takes the process that is meant for the environment; both take one that is meant for every environment."""
    image.document["processes"].clear()
    image.process("web", ["echo", "test"], exec_env=["test"], buildpack_id=_NEW)
    image.process("web", ["echo", "production"], exec_env=["production"], buildpack_id=_NEW)
    image.process("any", ["echo", "any"], exec_env=["*"], buildpack_id=_NEW)

    ours = [_launch_both(image, "web", CNB_EXEC_ENV=name)[0].stdout for name in ("test", "production")]

    assert [b"test\n", b"production\n"] == ours
    assert b"any\n" == _same(_launch_both(image, "any", CNB_EXEC_ENV="development"))
