"""What holds on Heroku for Go apps (docs/reference/heroku-parity.md)."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from buildpacks.go.errors import (
    BinIsFileError,
    NoProgramsError,
    ToolchainMismatchError,
    UnknownGoVersionError,
)
from buildpacks.sdk.testing import BuildFailedError
from tests.support.go_toolchains import GoApp

MAIN = "package main\n\nfunc main() {}\n"
FIXTURES = Path(__file__).parents[2] / "fixtures" / "apps"


def _mod(*lines: str) -> str:
    return "\n".join(("module example.com/shop", *lines, ""))


def _app(tmp_path: Path, *lines: str, **user_env: str) -> GoApp:
    """Make an app of one program whose go.mod has these lines."""
    return GoApp(tmp_path, {"go.mod": _mod(*lines), "main.go": MAIN}, **user_env)


def _several(tmp_path: Path, *lines: str, **user_env: str) -> GoApp:
    """Make an app of two programs and a library whose go.mod has these lines."""
    files = {"go.mod": _mod(*lines), "cmd/api/main.go": MAIN, "cmd/jobs/main.go": MAIN, "lib/lib.go": "package lib\n"}
    return GoApp(tmp_path, files, **user_env)


def _used(app: GoApp) -> str:
    return next(line for line in app.build().output.splitlines() if line.startswith("- Using Go"))


def _processes(app: GoApp) -> dict[str, str]:
    return {one.type: " ".join(one.command) for one in app.build().result.processes}


@pytest.mark.parametrize(
    ("lines", "version", "origin"),
    [
        (("go 1.26",), "1.26.3", "line 2 of go.mod"),
        (("go 1.26.2",), "1.26.2", "line 2 of go.mod"),
        (("go 1.25", "// +heroku goVersion go1.26"), "1.26.3", "line 3 of go.mod"),
        (("go 1.25", "// +heroku goVersion 1.26.2"), "1.26.2", "line 3 of go.mod"),
        (("go 1.25", "// +heroku goVersion ~1.26"), "1.26.3", "line 3 of go.mod"),
        (("go 1.25", "toolchain go1.27.0"), "1.25.2", "line 2 of go.mod"),
        ((), "1.27.1", "the default"),
    ],
)
def test_statement_52_version_table(tmp_path: Path, lines: tuple[str, ...], version: str, origin: str) -> None:
    """Each place that can name a Go means the release that it means on Heroku, and the log says which place it was."""
    assert f"- Using Go {version} ({origin})" == _used(_app(tmp_path, *lines))


@pytest.mark.parametrize("variable", ["go1.26", "1.26.3"])
def test_statement_52_goversion_beats_both(tmp_path: Path, variable: str) -> None:
    """GOVERSION wins over the comment and the go line, with a warning that it hides them."""
    built = _app(tmp_path, "go 1.25", "// +heroku goVersion go1.27", GOVERSION=variable).build()

    assert "Using Go 1.26.3 (the config var GOVERSION)" in built.output
    assert "Warning: GOVERSION decides which Go is used" in built.output


@pytest.mark.parametrize(("rules", "version"), [("classic", "1.25.2"), ("cnb", "1.27.1")])
def test_statement_52_bare_number_is_a_caret_by_setting(tmp_path: Path, rules: str, version: str) -> None:
    """A bare number in the comment is a line, as in the classic buildpack; a caret by setting; told either way."""
    built = _app(tmp_path, "// +heroku goVersion 1.25", OFFRAMP_GO_RULES=rules).build()

    assert f"Using Go {version}" in built.output
    assert "'1.25' in line 2 of go.mod can be read in two ways" in built.output


def test_statement_52_unknown_version_is_refused(tmp_path: Path) -> None:
    """A release nobody knows is an error that names the nearest."""
    with pytest.raises(BuildFailedError) as caught:
        _app(tmp_path, "go 1.99").build()

    assert isinstance(caught.value.error, UnknownGoVersionError)


def test_statement_53_config_var_beats_directive(tmp_path: Path) -> None:
    """GO_INSTALL_PACKAGE_SPEC is installed, and nothing else, with a warning."""
    app = _several(tmp_path, "// +heroku install ./cmd/jobs", GO_INSTALL_PACKAGE_SPEC="./cmd/api ./lib")
    built = app.build()

    assert ("./cmd/api", "./lib") == app.install.argv[-2:]
    assert "Warning: GO_INSTALL_PACKAGE_SPEC decides which packages are installed" in built.output


def test_statement_53_directive_beats_discovery(tmp_path: Path) -> None:
    """The install directive's packages are installed, patterns included."""
    app = _several(tmp_path, "// +heroku install ./cmd/... ./lib")
    app.build()

    assert ("./cmd/...", "./lib") == app.install.argv[-2:]


def test_statement_53_all_programs_otherwise(tmp_path: Path) -> None:
    """Without either, every program of the module is installed, and no library."""
    app = _several(tmp_path)
    app.build()

    assert ("example.com/shop/cmd/api", "example.com/shop/cmd/jobs") == app.install.argv[-2:]


def test_statement_54_tag_heroku(tmp_path: Path) -> None:
    """The tag is there when packages are listed and when they are compiled, also beside the app's own tags."""
    app = _app(tmp_path, GOFLAGS="-tags=netgo")
    app.build()

    assert ["heroku,netgo"] * 2 == [
        one.argv[one.argv.index("-tags") + 1] for one in app.fakes.commands if "-tags" in one.argv
    ]


@pytest.mark.parametrize(("value", "text"), [("1.2.3", "-X main.version=1.2.3"), ("", "-X main.version=abc123")])
def test_statement_54_linker_symbol(tmp_path: Path, value: str, text: str) -> None:
    """The linker's symbol has the value given, or the source's version."""
    app = _app(tmp_path, GO_LINKER_SYMBOL="main.version", GO_LINKER_VALUE=value, SOURCE_VERSION="abc123")
    app.build()

    assert text == app.install.argv[app.install.argv.index("-ldflags") + 1]


def test_statement_55_vendored_app_asks_no_proxy(tmp_path: Path) -> None:
    """A vendored app is compiled from vendor/ with the proxy switched off, so that nothing can be downloaded."""
    app = GoApp(tmp_path, {"go.mod": _mod(), "main.go": MAIN, "vendor/modules.txt": "# x v1.0.0\n"})
    built = app.build()

    assert "-mod=vendor" in app.install.argv
    assert "off" == app.install.environment["GOPROXY"]
    assert "downloading" not in built.output


def test_statement_56_one_program_is_web(tmp_path: Path) -> None:
    """A single program is the web process, and the default."""
    built = _app(tmp_path).build()

    assert [("web", ("bin/shop",), True)] == [(one.type, one.command, one.default) for one in built.result.processes]


def test_statement_56_several_programs_have_their_names(tmp_path: Path) -> None:
    """Of several programs each is a process of its own name, and none is web."""
    assert {"api": "bin/api", "jobs": "bin/jobs"} == _processes(_several(tmp_path))


def test_statement_56_first_is_web_by_setting(tmp_path: Path) -> None:
    """By setting, the first of several programs is the web process, too."""
    expected = {"api": "bin/api", "jobs": "bin/jobs", "web": "bin/api"}

    assert expected == _processes(_several(tmp_path, OFFRAMP_GO_RULES="cnb"))


def test_statement_56_module_without_a_slash(tmp_path: Path) -> None:
    """A module's path may be a single word; the newer buildpack refuses that."""
    assert {"web": "bin/shop"} == _processes(GoApp(tmp_path, {"go.mod": "module shop\n", "main.go": MAIN}))


def test_statement_57_procfile_invents_nothing(tmp_path: Path) -> None:
    """With a Procfile, also one without web, no process is made up."""
    app = _several(tmp_path)
    app.write({"Procfile": "jobs: bin/jobs\n"})

    assert {} == _processes(app)


def test_statement_58_hooks(tmp_path: Path) -> None:
    """Both hooks run, without being executable in the repository, and the second finds the program."""
    app = _app(tmp_path)
    app.write(
        {
            "bin/go-pre-compile": "#!/bin/sh\ntest ! -e bin/shop && echo before $STAGE\n",
            "bin/go-post-compile": "#!/bin/sh\ntest -e bin/shop && echo after $STAGE\n",
        }
    )
    app.user_env["STAGE"] = "production"
    built = app.build()

    assert "before production" in built.output
    assert "after production" in built.output


def test_statement_58_hook_may_be_a_program(tmp_path: Path) -> None:
    """The second hook may be one of the app's programs that was just installed."""
    app = GoApp(tmp_path, {"go.mod": _mod(), "cmd/go-post-compile/main.go": MAIN})

    assert "go-post-compile runs" in app.build().output


def test_statement_58_bin_as_a_file(tmp_path: Path) -> None:
    """A file called bin is an error, before anything is downloaded."""
    app = _app(tmp_path)
    app.write({"bin": "a program"})
    with pytest.raises(BuildFailedError) as caught:
        app.build()

    assert isinstance(caught.value.error, BinIsFileError)
    assert not (app.layers_dir / "go").exists()


def test_statement_59_second_build_downloads_nothing(tmp_path: Path) -> None:
    """With the proxy gone, the second build still has Go and its modules."""
    app = _app(tmp_path, "go 1.26")
    app.build()
    for file in app.proxy.rglob("*.zip"):
        file.unlink()
    app.write({"main.go": f"{MAIN}// changed\n"})
    built = app.build()

    for name in ("go", "modules", "compiled"):
        built.layer(name).assert_restored()


def test_statement_59_another_line_drops_compiled_packages(tmp_path: Path) -> None:
    """Another line of Go begins with no compiled packages; the modules stay."""
    app = _app(tmp_path, "go 1.26")
    app.build()
    app.write({"go.mod": _mod("go 1.27")})
    built = app.build()

    built.layer("compiled").assert_rebuilt("Go line changed from 1.26 to 1.27")
    built.layer("modules").assert_restored()


def test_statement_60_verified_before_it_is_unpacked(tmp_path: Path) -> None:
    """A toolchain with one more file is refused with both sums, and nothing of it is on disk."""
    app = _app(tmp_path, "go 1.27")
    with zipfile.ZipFile(next(app.proxy.rglob("*go1.27.1*.zip")), "a") as archive:
        archive.writestr("golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64/bin/more", "more")
    with pytest.raises(BuildFailedError, match=r"expected h1:.*nothing was unpacked") as caught:
        app.build()

    assert isinstance(caught.value.error, ToolchainMismatchError)
    assert [] == list((app.layers_dir / "go").rglob("*"))


def test_statement_61_go_kit_services_with_a_procfile(tmp_path: Path) -> None:
    """A Go kit service given a Procfile line with its flag gets $PORT, and the build has nothing to say about it."""
    app = GoApp(tmp_path, FIXTURES / "go_kit_services")
    app.write({"Procfile": "web: catalog -http.addr=:$PORT\n"})
    built = app.build()

    assert "Found Go kit (kit v0.13.0, log v0.2.1), with the transports grpc and http" in built.output
    assert "does not listen on $PORT" not in built.output


def test_statement_61_ports_are_found(tmp_path: Path) -> None:
    """The label of the image has where each of the services listens."""
    built = GoApp(tmp_path, FIXTURES / "go_kit_services").build()
    label = json.loads(next(one.value for one in built.result.labels if one.key == "dev.offramp.endpoints"))
    ports = {
        name: [(one["name"], one["port"]) for one in program["endpoints"]]
        for name, program in label["programs"].items()
    }

    assert ports == {
        "catalog": [("http", 8081)],
        "orders": [("http", 8083), ("grpc", 8084), ("debug", 8085)],
        "pricing": [("grpc", 8082)],
        "restocker": [],
    }
    assert {"endpoint": "debug", "path": "/metrics"} == label["programs"]["orders"]["metrics"]


def test_statement_61_library_is_told_to_be_one(tmp_path: Path) -> None:
    """A repository without a program, as Go kit's own, is told that it is a library, and what would run."""
    with pytest.raises(BuildFailedError, match=r"'example\.com/kit' is a library: there is nothing to run") as caught:
        GoApp(tmp_path, {"go.mod": "module example.com/kit\n\ngo 1.27\n", "kit.go": "package kit\n"}).build()

    assert isinstance(caught.value.error, NoProgramsError)
    assert "package main" in caught.value.output


def test_statement_64_go_comes_from_the_mirror_that_is_named(tmp_path: Path) -> None:
    """Go and its modules come from GOPROXY, here a directory; nothing else is asked."""
    app = _app(tmp_path, "go 1.27")
    app.build()

    assert app.user_env["GOPROXY"] == app.install.environment["GOPROXY"] == f"file://{app.proxy}"


def test_statement_65_credentials_are_nowhere(tmp_path: Path) -> None:
    """Values of Go's config vars are in no log, no layer and no label."""
    secret = "hunter2-hunter2"  # noqa: S105 - made up
    app = _app(tmp_path, GO_GIT_CRED__HTTPS__GIT__EXAMPLE__COM=f"me:{secret}", CGO_LDFLAGS=f"-D{secret}")
    built = app.build()
    files = b"".join(file.read_bytes() for file in app.layers_dir.rglob("*") if file.is_file())

    assert secret not in built.output
    assert secret.encode() not in files
    assert not any(secret in one.value for one in built.result.labels)
