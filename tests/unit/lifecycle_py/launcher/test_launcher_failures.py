"""How the launcher fails: exit status, message, advice; and that no input makes it misbehave."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import tomli_w

from tests.unit.lifecycle_py.launcher.app_image import AppImage, Outcome, write, write_program


def assert_fails(outcome: Outcome, *words: str) -> None:
    """The launch failed with its own exit status, nothing on stdout, and all the words in the message."""
    assert (82, b"") == (outcome.status, outcome.stdout)
    assert outcome.stderr.startswith("ERROR: failed to launch: ")
    assert [] == [word for word in words if word not in outcome.stderr]


class TestProcess:
    """The process cannot be chosen."""

    def test_mistyped_type(self, image: AppImage) -> None:
        """An unknown process type is answered with the nearest and all that there are."""
        image.buildpack()
        for process_type in ("web", "worker", "release"):
            image.process(process_type, ["true"])

        outcome = image.run("workr")

        assert_fails(outcome, "process type 'workr' was not found", "Did you mean 'worker'?", "web, worker, release")

    def test_nothing_near(self, image: AppImage) -> None:
        """Nothing is suggested for a name that is near none, or absurdly long."""
        image.buildpack()
        image.process("web", ["true"])

        stderr = "".join(image.run(name).stderr for name in ("console", "w" * 200))

        assert (2, 0) == (stderr.count("these process types: web"), stderr.count("Did you mean"))

    @pytest.mark.parametrize("words", [(), ("--",)])
    def test_no_command(self, image: AppImage, words: tuple[str, ...]) -> None:
        """Without a process and a command there is nothing to start."""
        assert_fails(image.run("launcher", *words), "a command is required", "The image has no process types")

    @pytest.mark.requirement("platform.launcher.exec-env")
    def test_wrong_execution_environment(self, image: AppImage) -> None:
        """The message names the execution environments of the process."""
        image.buildpack()
        image.process("web", ["true"], exec_env=["test", "development"])

        assert_fails(image.run("web"), "'web' is not meant for execution environment 'production'", "test, development")

    def test_arguments_for_an_unknown_buildpack(self, image: AppImage) -> None:
        """What becomes of arguments depends on the buildpack, so it must be known; without arguments it need not."""
        image.process("web", ["true"])

        assert 0 == image.run("web").status
        assert_fails(image.run("web", "argument"), "its buildpack 'test/buildpack' is not in metadata.toml")


class TestMetadata:
    """metadata.toml is absent or wrong."""

    def test_absent(self, image: AppImage) -> None:
        """The path that was read is named."""
        assert_fails(image.run_as_is("web"), f"cannot read '{image.layers}/config/metadata.toml': No such file")

    def test_malformed(self, image: AppImage) -> None:
        """The line is named."""
        image.write_metadata("\n\n[[processes]\n")

        assert_fails(image.run_as_is("web"), "not valid TOML: line 3: header without its closing bracket")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("processes = 1", "'processes' must be a list of tables"),
            ("processes = [1]", "'processes' must be a list of tables"),
            ("processes = [{command = 'x'}]", "'processes.type' must be set"),
            ("processes = [{type = 'x'}]", "'processes.command' must be"),
            ("processes = [{type = 'x', command = []}]", "'processes.command' must be"),
            ("processes = [{type = 'x', command = [1]}]", "'command' must be a string without NUL"),
            ('processes = [{type = "x", command = "\\u0000"}]', "'command' must be a string without NUL"),
            ("processes = [{type = 'x', command = 'x', args = 'x'}]", "'args' must be a list of strings"),
            ("processes = [{type = 'x', command = 'x', direct = 'yes'}]", "'direct' must be true or false"),
            ("buildpacks = [{api = '0.10'}]", "'buildpacks.id' must be set"),
        ],
    )
    def test_wrong_types(self, image: AppImage, text: str, words: str) -> None:
        """A value of the wrong type is named with the right one."""
        image.write_metadata(text)

        assert_fails(image.run_as_is("x"), words)

    def test_too_big(self, image: AppImage) -> None:
        """A file of more than 4 MiB is not read into memory."""
        image.write_metadata("#" * (4 * 1024 * 1024 + 1))

        assert_fails(image.run_as_is("web"), "File too large")


class TestExecute:
    """The process cannot be started."""

    def test_command_not_found(self, image: AppImage) -> None:
        """The message shows the PATH that was searched."""
        assert_fails(image.run("launcher", "--", "nope"), "'nope' was not found in PATH", "PATH is '/usr/bin:/bin'")

    @pytest.mark.parametrize("path", ["", ".", ":", "::.:"])
    def test_working_directory_is_not_searched(self, image: AppImage, path: str) -> None:
        """A program beside the app's files runs only when it is named by a path."""
        write_program(image.app / "tool", "echo ran")

        outcomes = [image.run("launcher", "--", name, env={"PATH": path}) for name in ("tool", "./tool")]

        assert [82, 0] == [outcome.status for outcome in outcomes]

    @pytest.mark.parametrize("command", ["/", "./data", "./absent", "/usr", ""])
    def test_no_program(self, image: AppImage, command: str) -> None:
        """A directory, a file without the executable bit, a missing file and an empty name are no programs."""
        write(image.app / "data", "text")
        if command == "./data" and os.geteuid() != 0:
            (image.app / "data").chmod(0o600)

        assert_fails(image.run("launcher", "--", command), f"'{command}' ")

    def test_no_interpreter_line(self, image: AppImage) -> None:
        """A script without "#!" is told apart from a missing file."""
        write(image.app / "script", "echo hello\n", mode=0o755)

        assert_fails(image.run("launcher", "--", "./script"), "Exec format error", "no '#!' line")

    def test_missing_interpreter(self, image: AppImage) -> None:
        """A script whose interpreter is missing says so, although Linux says "no such file"."""
        write(image.app / "script", "#!/nope/ruby\n", mode=0o755)

        assert_fails(image.run("launcher", "--", "./script"), "the interpreter in its '#!' line")

    def test_variable_too_big(self, image: AppImage) -> None:
        """A variable beyond the kernel's limit is explained."""
        write(image.buildpack() / "layer" / "env" / "BIG", "x" * 200_000)

        assert_fails(image.run("launcher", "--", "true"), "one variable may have 128 KiB")

    @pytest.mark.parametrize("missing", ["app directory", "working directory"])
    def test_missing_directory(self, image: AppImage, missing: str) -> None:
        """A missing directory is named."""
        image.buildpack()
        image.process("web", ["true"], working_dir="/nope/work")
        env = {"CNB_APP_DIR": "/nope/app"} if missing == "app directory" else {}

        assert_fails(image.run("web", env=env), f"cannot change to {missing} '/nope/")

    @pytest.mark.skipif(not shutil.which("bwrap"), reason="needs bubblewrap to hide /bin/bash")
    def test_no_bash(self, image: AppImage) -> None:
        """An image without bash is told how to do without."""
        image.write_metadata()
        root = str(image.root)
        mounts = ("--unshare-user", "--bind", root, root, "--ro-bind", str(image.launcher), "/launcher")
        settings = ("--setenv", "CNB_LAYERS_DIR", f"{root}/layers", "--setenv", "CNB_APP_DIR", f"{root}/app")
        argv = ["bwrap", *mounts, "--clearenv", *settings, "--setenv", "CNB_PLATFORM_API", "0.12", "/launcher", "ls"]
        result = subprocess.run(argv, capture_output=True, text=True, check=False)
        if "bwrap:" in result.stderr:
            pytest.skip(f"no namespaces here: {result.stderr}")

        assert (82, True) == (result.returncode, "needs bash, but the image has no /bin/bash" in result.stderr)


class TestLayers:
    """A layer's files cannot be used."""

    def test_nul_in_env_file(self, image: AppImage) -> None:
        """A NUL byte is refused rather than cutting the value short."""
        path = write(image.buildpack() / "layer" / "env" / "X", b"a\0b")

        assert_fails(image.run("launcher", "--", "true"), f"environment file '{path}' holds a NUL byte")

    def test_dangling_env_link(self, image: AppImage) -> None:
        """A link that leads nowhere is named."""
        directory = image.buildpack() / "layer" / "env"
        directory.mkdir(parents=True)
        (directory / "X").symlink_to("nowhere")

        assert_fails(image.run("launcher", "--", "true"), f"environment file '{directory}/X': No such file")


class TestExecD:
    """An exec.d program misbehaves."""

    @pytest.mark.requirement("buildpack.launch.exec-d-failure", "buildpack.launch.exec-d-output")
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("exit 3", "failed with exit status 3"),
            ("kill -9 $$", "was ended by signal 9"),
            ("echo 'A = ' >&3", "wrote invalid TOML: line 1: expected a value"),
            ("echo 'A = 1' >&3", "wrote a value for 'A' that is not a string"),
            ("echo '[A]' >&3", "wrote a value for 'A' that is not a string"),
            ("echo 'A.B = \"x\"' >&3", "wrote a value for 'A' that is not a string"),
            ('echo \'"A=B" = "x"\' >&3', "wrote 'A=B', which cannot name a variable"),
            ('echo \'"" = "x"\' >&3', "which cannot name a variable"),
            ("printf 'A = \"\\\\u0000\"' >&3", "not a string without NUL"),
            ("printf 'A = \"\\377\"' >&3", "line 1: text is not UTF-8"),
            ("echo 'A = \"x\"' >&3; exit 1", "failed with exit status 1"),
            ("head -c 5000000 /dev/zero >&3 2>/dev/null; true", "File too large"),
        ],
    )
    def test_misbehaviour(self, image: AppImage, body: str, words: str) -> None:
        """The launch fails and names the program and the reason."""
        program = write_program(image.buildpack() / "layer" / "exec.d" / "program", body)

        assert_fails(image.run("launcher", "--", "true"), f"exec.d program '{program}'", words)

    def test_not_executable(self, image: AppImage) -> None:
        """A file that cannot run is not passed over: its variables would be missing unnoticed."""
        write(image.buildpack() / "layer" / "exec.d" / "program", "text")

        assert_fails(image.run("launcher", "--", "true"), "cannot run exec.d program", "Permission denied")

    def test_no_interpreter_line(self, image: AppImage) -> None:
        """A script without "#!" is explained."""
        write(image.buildpack() / "layer" / "exec.d" / "program", "true\n", mode=0o755)

        assert_fails(image.run("launcher", "--", "true"), "no '#!' line, or built for another architecture")

    @pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare to be PID 1")
    def test_pid_1_can_be_stopped(self, image: AppImage) -> None:
        """SIGTERM ends a launcher that is PID 1 while a program hangs; the kernel alone would drop the signal."""
        write_program(image.buildpack() / "layer" / "exec.d" / "program", "echo $PPID; exec sleep 10")
        image.write_metadata()
        settings = {"CNB_LAYERS_DIR": str(image.layers), "CNB_APP_DIR": str(image.app), "CNB_PLATFORM_API": "0.12"}
        argv = ["unshare", "--user", "--pid", "--fork", str(image.launcher), "--", "true"]
        with subprocess.Popen(
            argv, env={"PATH": "/usr/bin:/bin"} | settings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as unshare:
            assert unshare.stdout is not None
            parent = unshare.stdout.readline()
            if not parent:
                pytest.skip("no user namespaces here")
            started = time.monotonic()
            children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text()
            os.kill(int(children.split()[0]), signal.SIGTERM)
            status = unshare.wait(timeout=20)

        assert (b"1\n", 128 + signal.SIGTERM, True) == (parent, status, time.monotonic() - started < 5)


class TestHostileInput:
    """The launcher under gcc's sanitizers."""

    def test_mutated_metadata(self, sanitized_launcher: Path, tmp_path: Path) -> None:
        """No metadata.toml makes the launcher do anything but launch or fail in its own way."""
        image = AppImage(tmp_path / "image", sanitized_launcher)
        image.buildpack()
        image.process("web", ["true", "x"], args=["y"], exec_env=["production"])
        image.process("web", "true", direct=False, working_dir="/")
        source = tomli_w.dumps(image.document).encode()
        generator = random.Random(20250103)  # noqa: S311  not for secrets
        outcomes = []
        for _ in range(100):
            mutated = bytearray(source)
            for _ in range(generator.randint(1, 4)):
                mutated[generator.randrange(len(mutated))] = generator.choice(b"\"'[]{}=.,# \n\x00\xffabt10")
            write(image.layers / "config" / "metadata.toml", bytes(mutated))
            outcomes.append(image.run_as_is("web", "argument"))

        assert set() == {outcome.status for outcome in outcomes} - {0, 1, 12, 82, 127}
        assert [] == [
            outcome.stderr for outcome in outcomes if "anitizer" in outcome.stderr or "runtime error" in outcome.stderr
        ]

    def test_everything_at_once(self, sanitized_launcher: Path, tmp_path: Path) -> None:
        """A launch that uses every feature has no undefined behaviour."""
        image = AppImage(tmp_path / "image", sanitized_launcher)
        layer = image.buildpack(api="0.8") / "layer"
        for name in ("X.append", "X.prepend", "X.delim", "Y.default", "Z", ".gitkeep", "=", "W.unknown"):
            write(layer / "env" / name, b"\xff" * 5000)
        (layer / "lib").mkdir()
        write_program(layer / "exec.d" / "a", "echo 'E = \"e\"' >&3")
        write(layer / "profile.d" / "it's", "export P=profile")
        image.process("web", "echo", args=["$P", "$E"], direct=False, working_dir="/usr")

        outcomes = [
            image.run(*words) for words in (("web", "arg"), ("launcher", "--", "true"), ("launcher", ""), ("wbe",))
        ]

        # Around 16 and 32 words lists grow: the closing NULL has to fit, too.
        outcomes += [image.run("launcher", "--", "true", *["x"] * count) for count in (*range(12, 18), *range(28, 34))]

        assert b"profile e arg\n" == outcomes[0].stdout
        assert [0, 0, 0, 82, *[0] * 12] == [outcome.status for outcome in outcomes]
