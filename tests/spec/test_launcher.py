"""The launcher against the specification: platform.md "launcher", buildpack.md "Launch" and "Environment"."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.unit.lifecycle_py.launcher.app_image import BUILDPACK, AppImage, write, write_program
from tests.unit.lifecycle_py.launcher.compiled import host_launcher

SHOW_ARGS = ("printf", "[%s]")


@pytest.fixture
def image(tmp_path: Path) -> AppImage:
    """Return an app image without buildpacks and processes."""
    return AppImage(tmp_path / "image", host_launcher())


class TestPlatformApi:
    """The launcher checks CNB_PLATFORM_API before anything else."""

    @pytest.mark.requirement("platform.launcher.exit-codes")
    @pytest.mark.parametrize("api", ["", "0.6", "0.16", "1.0", "0", "0.", "0.7x", "0.00000007", "seven"])
    def test_unsupported(self, image: AppImage, api: str) -> None:
        """A missing or unsupported Platform API is exit status 11, even before a missing metadata.toml."""
        outcome = image.run_as_is("web", api=api)

        assert (11, True) == (outcome.status, "this launcher supports 0.7 to 0.15" in outcome.stderr)

    @pytest.mark.parametrize("minor", range(7, 16))
    def test_supported(self, image: AppImage, minor: int) -> None:
        """Every Platform API from 0.7 to 0.15 is served."""
        outcome = image.run("launcher", "--", "true", api=f"0.{minor}")

        assert 0 == outcome.status

    @pytest.mark.requirement("platform.launcher.exit-codes")
    @pytest.mark.parametrize("api", ["0.6", "0.13", "", "2"])
    def test_unsupported_buildpack(self, image: AppImage, api: str) -> None:
        """A buildpack of an unsupported Buildpack API is exit status 12 and named."""
        image.buildpack("old/one", api=api)

        outcome = image.run("launcher", "--", "true")

        assert (12, True) == (outcome.status, "buildpack 'old/one'" in outcome.stderr)


class TestProcessSelection:
    """The name of the launcher chooses the process."""

    @pytest.mark.requirement("platform.launcher.by-name")
    def test_by_name(self, image: AppImage) -> None:
        """The last element of $0 is the process type."""
        image.buildpack()
        image.process("web", ["printf", "web"])
        image.process("worker", ["printf", "worker"])

        assert b"worker" == image.run("worker").stdout

    def test_dots_in_name(self, image: AppImage) -> None:
        """A process type may hold dots: nothing is cut off it."""
        image.buildpack()
        image.process("web.v2", ["printf", "second"])

        assert b"second" == image.run("web.v2").stdout

    @pytest.mark.requirement("platform.launcher.direct")
    def test_user_command_direct(self, image: AppImage) -> None:
        """After "--" the command runs as it stands, without a shell."""
        outcome = image.run("launcher", "--", *SHOW_ARGS, "$HOME", "a b")

        assert b"[$HOME][a b]" == outcome.stdout

    @pytest.mark.requirement("platform.launcher.shell")
    def test_user_command_shell(self, image: AppImage) -> None:
        """Without "--" one argument is a script of the shell."""
        outcome = image.run("launcher", "echo $WORD && echo two", env={"WORD": "one"})

        assert b"one\ntwo\n" == outcome.stdout

    @pytest.mark.requirement("buildpack.launch.shell")
    def test_user_command_shell_tokens(self, image: AppImage) -> None:
        """Without "--" each of several arguments is a word that the shell expands but does not split."""
        outcome = image.run("launcher", *SHOW_ARGS, "$WORDS", "$(echo sub)", "it's", "*", env={"WORDS": "a  b"})

        assert b"[a  b][sub][it's][*]" == outcome.stdout

    def test_unknown_type_with_command(self, image: AppImage) -> None:
        """A name that is no process type makes the arguments a command of the user."""
        assert b"[x]" == image.run("nothing", "--", *SHOW_ARGS, "x").stdout

    @pytest.mark.requirement(
        "platform.launcher.exec-env",
        "platform.exec-env.default",
        "deviation.exec-env-star",
        "buildpack.launch-toml.exec-env",
    )
    @pytest.mark.parametrize(
        ("exec_env", "setting", "status"),
        [
            (["production"], "", 0),
            (["test"], "", 82),
            (["test"], "test", 0),
            (["test", "development"], "production", 82),
            (["*"], "anything", 0),
            ([], "anything", 0),
        ],
    )
    def test_execution_environment(self, image: AppImage, exec_env: list[str], setting: str, status: int) -> None:
        """From Platform API 0.15 a process runs only in its execution environments; the default is production."""
        image.buildpack()
        image.process("web", ["true"], exec_env=exec_env)

        outcomes = [image.run("web", env={"CNB_EXEC_ENV": setting}, api=api).status for api in ("0.15", "0.14")]

        assert [status, 0] == outcomes

    @pytest.mark.requirement("deviation.exec-env-same-type")
    def test_same_type_for_two_environments(self, image: AppImage) -> None:
        """Of two processes of a type the one for the execution environment runs."""
        image.buildpack()
        image.process("web", ["printf", "test"], exec_env=["test"])
        image.process("web", ["printf", "production"], exec_env=["production"])

        assert b"production" == image.run("web").stdout


class TestArguments:
    """Arguments of the user replace or follow those of the process, by the API of platform and buildpack."""

    @pytest.mark.requirement("platform.launcher.command-kept", "platform.launcher.args-appended")
    @pytest.mark.parametrize(
        ("platform_api", "buildpack_api", "command", "expected"),
        [
            ("0.10", "0.9", [*SHOW_ARGS, "always"], b"[always][user]"),
            ("0.10", "0.9", ["show"], b"[user]"),
            ("0.10", "0.8", ["show"], b"[default][user]"),
            ("0.10", "0.8", "show", b"[default][user]"),
            ("0.9", "0.9", ["show"], b"[default][user]"),
            ("0.9", "0.9", [*SHOW_ARGS, "always"], b"[always][default][user]"),
        ],
    )
    def test_with_user_args(
        self, image: AppImage, platform_api: str, buildpack_api: str, command: list[str] | str, expected: bytes
    ) -> None:
        """A command list keeps its own; `args` give way to the user's from Platform 0.10 and Buildpack API 0.9 on."""
        directory = image.buildpack(api=buildpack_api)
        write_program(directory / "layer" / "bin" / "show", 'printf "[%s]" "$@"')
        image.process("web", command, args=["default"])

        assert expected == image.run("web", "user", api=platform_api).stdout

    def test_without_user_args(self, image: AppImage) -> None:
        """Without arguments of the user the process gets its command list and its args."""
        image.buildpack()
        image.process("web", [*SHOW_ARGS, "always"], args=["default"])

        assert b"[always][default]" == image.run("web").stdout

    def test_bytes(self, image: AppImage) -> None:
        """Arguments are bytes: empty ones and ones that are not UTF-8 arrive unchanged."""
        assert b"[][\xff\n]" == image.run("launcher", "--", *SHOW_ARGS, "", b"\xff\n").stdout


class TestExecution:
    """The process takes the launcher's place."""

    @pytest.mark.requirement("platform.launcher.replaces", "buildpack.launch.no-fork")
    @pytest.mark.parametrize("direct", [True, False])
    def test_pid(self, image: AppImage, direct: bool) -> None:  # noqa: FBT001
        """The process has the PID of the launcher, direct or through bash."""
        image.buildpack(api="0.8")
        write_program(image.app / "pid", "echo $$")
        image.process("web", "./pid", direct=direct, args=["x"])
        image.write_metadata()

        with image.started("web") as process:
            stdout, _ = process.communicate(timeout=10)

        assert process.pid == int(stdout)

    @pytest.mark.parametrize("words", [("--", "./wait"), ("./wait",), ("./wait", "argument")])
    def test_signal(self, image: AppImage, words: tuple[str, ...]) -> None:
        """SIGTERM reaches the process itself."""
        write_program(image.app / "wait", "trap 'echo stopped; exit 7' TERM; echo ready; sleep 10 & wait")
        image.write_metadata()

        with image.started("launcher", *words) as process:
            assert process.stdout is not None
            ready = process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            stopped = process.stdout.readline()

        assert (b"ready\n", b"stopped\n") == (ready, stopped)

    @pytest.mark.requirement("platform.launcher.exit-codes")
    def test_exit_status(self, image: AppImage) -> None:
        """The exit status is the process's own."""
        assert 42 == image.run("launcher", "--", "sh", "-c", "exit 42").status

    @pytest.mark.requirement("platform.launcher.working-dir", "buildpack.launch.working-dir")
    @pytest.mark.parametrize("direct", [True, False])
    def test_working_dir(self, image: AppImage, direct: bool) -> None:  # noqa: FBT001
        """A process starts in its working-dir, and in the app directory without one."""
        image.buildpack(api="0.8")
        elsewhere = image.root / "else where's"
        elsewhere.mkdir()
        image.process("here", "pwd", direct=direct)
        image.process("there", "pwd", direct=direct, working_dir=str(elsewhere))

        outputs = [image.run(name).stdout.decode().strip() for name in ("here", "there")]

        assert [str(image.app), str(elsewhere)] == outputs

    def test_working_dir_is_entered_after_profiles(self, image: AppImage) -> None:
        """Profile scripts run in the app directory, whatever the working-dir of the process."""
        image.buildpack(api="0.8")
        write(image.app / ".profile", "echo profile in $PWD")
        image.process("web", "pwd", direct=False, working_dir="/usr")

        assert f"profile in {image.app}\n/usr\n".encode() == image.run("web").stdout

    @pytest.mark.requirement("buildpack.launch.direct")
    def test_path_of_layers(self, image: AppImage) -> None:
        """The command is looked up in the PATH that the layers made."""
        directory = image.buildpack()
        write_program(directory / "layer" / "bin" / "only-here", "echo found")
        image.process("web", ["only-here"])

        assert b"found\n" == image.run("web").stdout


class TestEnvironment:
    """What the process sees."""

    @pytest.mark.requirement(
        "platform.launch-environment.hidden",
        "platform.launch-environment.path-cleaned",
        "platform.launch-environment.inherited",
    )
    def test_launcher_variables_are_removed(self, image: AppImage) -> None:
        """The launcher's own variables and directories do not reach the process; all else does."""
        image.buildpack()

        environment = image.environment(env={"HOME": "/home/x", "CNB_EXEC_ENV": "production", "EMPTY": ""})

        expected = {"PATH": b"/usr/bin:/bin", "HOME": b"/home/x", "CNB_EXEC_ENV": b"production", "EMPTY": b""}
        assert expected == environment

    def test_process_type_variable(self, image: AppImage) -> None:
        """CNB_PROCESS_TYPE has no effect but a warning, and is removed."""
        image.buildpack()
        image.process("web", ["/usr/bin/env"])

        outcome = image.run("web", env={"CNB_PROCESS_TYPE": "worker"})

        assert (False, True) == (b"CNB_PROCESS_TYPE" in outcome.stdout, outcome.stderr.startswith("Warning: "))

    @pytest.mark.requirement("buildpack.environment.layer-paths-launch", "buildpack.environment.layer-path-order")
    def test_layer_paths(self, image: AppImage) -> None:
        """Later buildpacks and later layers stand first; bin goes to PATH and lib to LD_LIBRARY_PATH."""
        first, second = image.buildpack("test/first"), image.buildpack(BUILDPACK)
        for directory in (first / "a" / "bin", first / "b" / "bin", second / "a" / "bin", second / "a" / "lib"):
            directory.mkdir(parents=True)
        (first / "b" / "lib").symlink_to("/usr/lib")

        environment = image.environment()

        path = f"{second}/a/bin:{first}/b/bin:{first}/a/bin:/usr/bin:/bin"
        library_path = f"{second}/a/lib:{first}/b/lib"
        assert (path, library_path) == (environment["PATH"].decode(), environment["LD_LIBRARY_PATH"].decode())

    def test_only_real_layer_directories(self, image: AppImage) -> None:
        """Files and links beside the layers are not layers."""
        directory = image.buildpack()
        write(image.root / "elsewhere" / "env" / "LINKED", "yes")
        (directory / "link").symlink_to(image.root / "elsewhere")
        write(directory / "store.toml", "")

        assert "LINKED" not in image.environment()

    def test_only_buildpacks_of_the_group(self, image: AppImage) -> None:
        """Directories beside those of the group's buildpacks are left alone."""
        image.buildpack()
        write(image.layers / "stranger" / "layer" / "env" / "STRANGE", "yes")

        assert "STRANGE" not in image.environment()

    @pytest.mark.requirement(
        "buildpack.environment.launch-files",
        "platform.launch-environment.buildpack-changes",
        "buildpack.launch.env-set",
        "platform.launcher.environment",
    )
    def test_order_within_a_layer(self, image: AppImage) -> None:
        """Files of env come before those of env.launch, and these before those of env.launch/<process>."""
        directory = image.buildpack()
        for place, text in (("env", "1"), ("env.launch", "2"), ("env.launch/web", "3"), ("env.launch/other", "4")):
            write(directory / "layer" / place / "ALL.append", text)
            write(directory / "layer" / place / "LAST", text)

        environment = image.environment()

        assert (b"123", b"3") == (environment["ALL"], environment["LAST"])

    def test_env_build_is_not_for_launch(self, image: AppImage) -> None:
        """env.build does not reach the process."""
        write(image.buildpack() / "layer" / "env.build" / "BUILD", "yes")

        assert "BUILD" not in image.environment()

    def test_user_command_has_no_process_type(self, image: AppImage) -> None:
        """A command of the user gets the environment of layers, but that of no process."""
        directory = image.buildpack()
        write(directory / "layer" / "env.launch" / "GENERAL.append", "once")
        write(directory / "layer" / "env.launch" / "launcher" / "SPECIAL", "yes")

        outcome = image.run("launcher", "--", "env")

        assert (True, False) == (b"GENERAL=once\n" in outcome.stdout, b"SPECIAL" in outcome.stdout)


class TestExecD:
    """exec.d programs set variables before the launch."""

    @pytest.mark.requirement("buildpack.launch.exec-d")
    def test_sets_variables(self, image: AppImage) -> None:
        """TOML written to file descriptor 3 becomes variables; stdout and stderr are logs."""
        program = 'echo log; echo warning >&2; printf \'A = "1\\\\n"\\nB = """x"""\\n\' >&3'
        write_program(image.buildpack() / "layer" / "exec.d" / "program", program)
        image.process("web", ["sh", "-c", 'printf "[$A][$B]"'])

        outcome = image.run("web")

        assert (b"log\n[1\n][x]", "warning\n") == (outcome.stdout, outcome.stderr)

    def test_sees_the_launch_environment(self, image: AppImage) -> None:
        """A program runs in the app directory, with the layers' variables, without input, and by its absolute path."""
        layer = image.buildpack() / "layer"
        write(layer / "env" / "GIVEN", "yes")
        write_program(layer / "exec.d" / "program", 'read -r line; echo "$PWD $GIVEN $0 $#[$line][$CNB_LAYERS_DIR]"')

        outcome = image.run("launcher", "--", "true")

        assert f"{image.app} yes {layer}/exec.d/program 0[][]\n" == outcome.stdout.decode()

    @pytest.mark.requirement("buildpack.launch.exec-d", "buildpack.launch.exec-d-process", "deviation.exec-d-order")
    def test_order(self, image: AppImage) -> None:
        """All general programs run first, by buildpack, layer and name; then those of the process type."""
        first, second = image.buildpack("test/first"), image.buildpack(BUILDPACK)
        image.process("web", ["true"])
        for layer in (first / "a", first / "b", second / "a"):
            for place in ("web/1", "other/1", "2", "1"):
                name = f"{layer.parent.name}/{layer.name}/{place}"
                write_program(layer / "exec.d" / place, f"echo {name}")

        outcome = image.run("web")

        layers = ("test_first/a", "test_first/b", "test_buildpack/a")
        expected = [f"{layer}/{name}" for layer in layers for name in "12"] + [f"{layer}/web/1" for layer in layers]
        assert expected == outcome.stdout.decode().split()

    def test_each_sees_the_variables_before_it(self, image: AppImage) -> None:
        """A program sees what earlier ones have set, and may set it anew."""
        directory = image.buildpack()
        for name in ("1", "2"):
            write_program(directory / "layer" / "exec.d" / name, f"echo \"SUM = '${{SUM}}{name}'\" >&3")

        assert b"12" == image.environment()["SUM"]

    def test_links_to_programs(self, image: AppImage) -> None:
        """A link to a program is a program; a link to a directory is none."""
        layer = image.buildpack() / "layer"
        write_program(layer / "helper", "echo \"FROM = 'link'\" >&3")
        (layer / "exec.d").mkdir()
        (layer / "exec.d" / "link").symlink_to("../helper")
        (layer / "exec.d" / "directory").symlink_to("/usr")

        assert b"link" == image.environment()["FROM"]


class TestProfiles:
    """Profile scripts are for processes that need a shell."""

    @pytest.mark.requirement("buildpack.launch.profile-d")
    def test_order(self, image: AppImage) -> None:
        """profile.d of all layers, then profile.d/<process>, then the app's .profile; one shell sources them all."""
        first, second = image.buildpack("test/first", api="0.8"), image.buildpack(BUILDPACK, api="0.8")
        image.process("web", "echo $SEEN", direct=False)
        for layer, name in ((first / "a", "1"), (first / "b", "2"), (second / 'it\'s $HOME "a"', "3")):
            write(layer / "profile.d" / "web" / "script.sh", f"SEEN=$SEEN-web{name}")
            write(layer / "profile.d" / "script.sh", f"SEEN=$SEEN-{name}")
        write(image.app / ".profile", "export SEEN=$SEEN-app")

        assert b"-1-2-3-web1-web2-web3-app\n" == image.run("web").stdout

    def test_user_command(self, image: AppImage) -> None:
        """They run for a command of the user in the shell, whatever the Buildpack API."""
        write(image.buildpack() / "layer" / "profile.d" / "script.sh", "export FROM=profile")

        assert b"profile\n" == image.run("launcher", "echo $FROM").stdout

    @pytest.mark.parametrize("words", [("web",), ("launcher", "--", "sh", "-c", "echo [$FROM]")])
    def test_not_for_direct(self, image: AppImage, words: tuple[str, ...]) -> None:
        """They do not run for a direct process or a direct command."""
        write(image.buildpack() / "layer" / "profile.d" / "script.sh", "export FROM=profile")
        write(image.app / ".profile", "export FROM=app")
        image.process("web", ["sh", "-c", "echo [$FROM]"])

        assert b"[]\n" == image.run(*words).stdout

    def test_shell_options_end_with_the_profile(self, image: AppImage) -> None:
        """Options, functions and IFS of a profile script do not reach the command."""
        write(image.app / ".profile", "set -eu; IFS=,; echo() { builtin echo function; }")

        assert b"[] end\n" == image.run("launcher", 'false; echo "[$UNSET]" end').stdout

    @pytest.mark.parametrize(("words", "expected"), [(("echo",), b"\n"), (("echo", "argument"), b"argument\n")])
    def test_profile_cannot_replace_the_command(self, image: AppImage, words: tuple[str, ...], expected: bytes) -> None:
        """A profile script that sets the positional parameters does not change what is launched."""
        write(image.app / ".profile", "set -- rm -rf /nope")

        assert expected == image.run("launcher", *words).stdout

    def test_command_that_looks_like_an_option(self, image: AppImage) -> None:
        """A command that begins with a dash is a command that does not exist, not an option of bash."""
        outcome = image.run("launcher", "-version")

        assert (127, True) == (outcome.status, "-version: command not found" in outcome.stderr)

    def test_builtin_with_arguments(self, image: AppImage) -> None:
        """A builtin of bash that is no file works as a command with arguments."""
        assert b"cd is a shell builtin\n" == image.run("launcher", "type", "cd").stdout
