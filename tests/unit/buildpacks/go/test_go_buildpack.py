"""The Go buildpack as a lifecycle sees it; Go is a stand-in, its download and verification are real."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from buildpacks.go import errors
from buildpacks.go.buildpack import GoBuildpack
from buildpacks.go.services.endpoints import LABEL
from buildpacks.sdk import ExplainedError, HookFailedError, UnknownRulesError
from buildpacks.sdk.testing import AppUnderTest, BuildFailedError
from tests.support.go_toolchains import MODULE, GoApp

MAIN = "package main\n\nfunc main() {}\n"
ONE = {"go.mod": "module example.com/shop\n\ngo 1.27\n", "main.go": MAIN}
TWO = {"go.mod": ONE["go.mod"], "cmd/api/main.go": MAIN, "cmd/worker/main.go": MAIN}


def _processes(app: AppUnderTest) -> dict[str, tuple[str, ...]]:
    return {one.type: one.command for one in app.build().result.processes}


@pytest.mark.parametrize(
    "name", ["go.mod", "Gopkg.lock", "Godeps/Godeps.json", "vendor/vendor.json", "glide.yaml", "src/shop/api/main.go"]
)
def test_detect(tmp_path: Path, name: str) -> None:
    """Modules pass, and whatever came before them."""
    assert GoApp(tmp_path, {name: ""}).detect().passed


@pytest.mark.parametrize("name", ["main.go", "src/readme.md", "vendor/modules.txt", "go.sum"])
def test_detect_fails(tmp_path: Path, name: str) -> None:
    """Go files alone do not make an app: Heroku's buildpacks do not take them either."""
    assert not GoApp(tmp_path, {name: ""}).detect().passed


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("Gopkg.lock", "dep"),
        ("Godeps/Godeps.json", "godep"),
        ("vendor/vendor.json", "govendor"),
        ("glide.yaml", "glide"),
        ("src/shop/main.go", "gb"),
    ],
)
def test_legacy_managers(tmp_path: Path, name: str, tool: str) -> None:
    """An app of an older tool is told which one it is, and how to move."""
    with pytest.raises(BuildFailedError, match=f"'{name}' is of {tool}, which is no longer supported") as caught:
        GoApp(tmp_path, {name: ""}).build()

    assert "go mod init" in caught.value.output


def test_first_build(tmp_path: Path) -> None:
    """Go is installed, the program compiled and linked from bin, and the log tells each decision with its reason."""
    app = GoApp(tmp_path, ONE)
    built = app.build()
    link = app.app_dir / "bin" / "shop"

    assert built.output.splitlines() == [
        "Go",
        "- Using Go 1.27.1 (line 3 of go.mod)",
        "- Installing Go 1.27.1",
        "- Installing shop (all programs of the module)",
        "- Running go install -tags heroku",
        "    example.com/shop",
        "- shop: nothing in its source says that it listens",
    ]
    assert Path(os.readlink(link)) == built.layer("programs").path / "go" / "shop"
    assert "echo shop runs" in link.read_text()


def test_toolchain_is_laid_out(tmp_path: Path) -> None:
    """Programs may run, go.mod files have their names again, and Go's own tests are left out."""
    layer = GoApp(tmp_path, ONE).build().layer("go").path
    files = {
        path.relative_to(layer).as_posix(): bool(path.stat().st_mode & stat.S_IXUSR)
        for path in layer.rglob("*")
        if path.is_file() and "env" not in path.relative_to(layer).parts[0]
    }

    assert files == {
        "VERSION": False,
        "bin/go": True,
        "pkg/tool/linux_amd64/compile": True,
        "src/fmt/print.go": False,
        "src/go.mod": False,
    }


def test_unchanged_build_does_not_start_go(tmp_path: Path) -> None:
    """Where nothing changed, every layer is restored, and no program runs."""
    app = GoApp(tmp_path, ONE)
    first = app.build()
    app.fakes.commands.clear()
    shutil.rmtree(app.app_dir / "bin")  # a build begins with the source alone
    second = app.build()

    assert [] == app.fakes.lines
    for name in ("go", "programs", "modules", "compiled"):
        second.layer(name).assert_restored()
    assert (app.app_dir / "bin" / "shop").exists()
    assert first.result.labels == second.result.labels
    assert first.result.processes == second.result.processes


@pytest.mark.parametrize("change", [{"main.go": MAIN + "// more\n"}, {"templates/page.html": "embedded"}])
def test_changed_source_is_compiled_again(tmp_path: Path, change: dict[str, str]) -> None:
    """Any file of the app counts; Go finds the old programs, and what was downloaded stays."""
    app = GoApp(tmp_path, ONE)
    app.build()
    shutil.rmtree(app.app_dir / "bin")
    app.write(change)
    built = app.build()

    built.layer("programs").assert_updated("the app's source changed")
    built.layer("modules").assert_restored()
    built.layer("compiled").assert_restored()


def test_another_go_makes_other_programs(tmp_path: Path) -> None:
    """With another Go the programs are made anew."""
    app = GoApp(tmp_path, ONE)
    app.build()
    app.write({"go.mod": "module example.com/shop\n\ngo 1.26\n"})

    app.build().layer("programs").assert_rebuilt("Go version changed from 1.27.1 to 1.26.3")


def test_removed_program_goes(tmp_path: Path) -> None:
    """A program whose package was removed is not in the next image."""
    app = GoApp(tmp_path, TWO)
    app.build()
    shutil.rmtree(app.app_dir / "cmd" / "worker")
    shutil.rmtree(app.app_dir / "bin")
    layer = app.build().layer("programs").path

    assert ["api"] == [file.name for file in (layer / "go").iterdir()]


def test_changed_setting_is_compiled_again(tmp_path: Path) -> None:
    """A setting of Go makes other programs; its value is not shown."""
    app = GoApp(tmp_path, ONE)
    app.build()
    app.user_env["CGO_CFLAGS"] = "-DSECRET=hunter22"
    built = app.build()

    built.layer("programs").assert_rebuilt("the settings of Go changed")
    assert "hunter22" not in built.output


@pytest.mark.parametrize(("go", "kept"), [("1.26.2", True), ("1.25", False)])
def test_compiled_packages_are_kept_for_a_line(tmp_path: Path, go: str, kept: bool) -> None:  # noqa: FBT001 - a case
    """Another patch of Go uses the compiled packages again as far as it can; another line begins anew."""
    app = GoApp(tmp_path, {**ONE, "go.mod": "module shop\ngo 1.26.3\n"})
    app.build()
    app.write({"go.mod": f"module shop\ngo {go}\n"})
    layer = app.build().layer("compiled")

    layer.assert_restored() if kept else layer.assert_rebuilt("Go line changed from 1.26 to 1.25")


def test_wrong_toolchain_is_refused(tmp_path: Path) -> None:
    """A toolchain with another sum is not unpacked."""
    app = GoApp(tmp_path, ONE)
    name = "go1.27.1.linux-amd64"
    app.inventory = type(app.inventory)(newest=app.inventory.newest, sums={**app.inventory.sums, name: "h1:other="})
    with pytest.raises(BuildFailedError, match="nothing was unpacked"):
        app.build()

    assert [] == list((app.layers_dir / "go").iterdir())


def test_damaged_toolchain_is_refused(tmp_path: Path) -> None:
    """A file that is no zip is told to be one."""
    app = GoApp(tmp_path, ONE)
    (app.proxy / MODULE / "@v" / "v0.0.1-go1.27.1.linux-amd64.zip").write_bytes(b"PK no zip")
    with pytest.raises(BuildFailedError, match="cannot be unpacked"):
        app.build()


def test_version_the_proxy_lacks(tmp_path: Path) -> None:
    """A version that is not there is told with the nearest known ones."""
    app = GoApp(tmp_path, {**ONE, "go.mod": "module shop\ngo 1.26.1\n"})
    app.inventory = type(app.inventory)(newest=app.inventory.newest, sums={"go1.26.1.linux-amd64": "h1:x="})
    with pytest.raises(BuildFailedError) as caught:
        app.build()

    assert isinstance(caught.value.error, errors.GoDoesNotExistError)
    assert "1.26.0" in caught.value.output


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"GOPROXY": "off"}, errors.NoModuleProxyError),
        ({"GOPROXY": "direct"}, errors.NoModuleProxyError),
        ({"OFFRAMP_GO_SOURCE": "https://go.dev/dl"}, errors.UnverifiableGoError),
        ({"OFFRAMP_GO_RULES": "modern"}, UnknownRulesError),
        ({"GO_GIT_CRED__HTTPS__": "x"}, errors.GitCredentialError),
        ({"GO_GIT_CRED__SSH__GITHUB__COM": "x"}, errors.GitCredentialError),
        ({"GO_LINKER_SYMBOL": "main.v", "GO_LINKER_VALUE": "'\""}, errors.LinkerValueError),
        ({"GOVERSION": "1.26"}, errors.NewerGoNeededError),
    ],
)
def test_settings_that_cannot_be_used(tmp_path: Path, settings: dict[str, str], error: type[ExplainedError]) -> None:
    """Each wrong setting is an error of its own."""
    with pytest.raises(BuildFailedError) as caught:
        GoApp(tmp_path, ONE, **settings).build()

    assert isinstance(caught.value.error, error)


def test_proxies_are_asked_in_their_order(tmp_path: Path) -> None:
    """A team's own proxy need not have Go: the next one in GOPROXY is asked; what comes after 'off' is not."""
    (tmp_path / "team").mkdir()
    app = GoApp(tmp_path / "one", ONE)
    app.user_env["GOPROXY"] = f"file://{tmp_path}/team,file://{app.proxy}"
    after_off = GoApp(tmp_path / "two", ONE)
    after_off.user_env["GOPROXY"] = f"file://{tmp_path}/team,off,file://{after_off.proxy}"

    assert (app.build().layer("go").path / "bin" / "go").exists()
    with pytest.raises(BuildFailedError, match="is not to be had"):
        after_off.build()


def test_proxy_in_the_app(tmp_path: Path) -> None:
    """A proxy that the app brings along is named by ${build_dir}, for Go itself, too."""
    app = GoApp(tmp_path, ONE, GOPROXY="file://${build_dir}/proxy")
    shutil.copytree(app.proxy, app.app_dir / "proxy")

    assert (app.build().layer("go").path / "bin" / "go").exists()
    assert f"file://{app.app_dir}/proxy" == app.install.environment["GOPROXY"]


def test_unknown_sum_without_a_database(tmp_path: Path) -> None:
    """Without a known sum, and with the database switched off, Go is not installed."""
    app = GoApp(tmp_path, ONE, GOSUMDB="off")
    app.inventory = type(app.inventory)(newest=app.inventory.newest, sums={})
    with pytest.raises(BuildFailedError, match="without knowing what it has to be"):
        app.build()


def test_archive_from_another_source(tmp_path: Path) -> None:
    """A mirror of go.dev's archives is used with the sha256 that the user gives, and with no other."""
    import hashlib
    import tarfile

    source = tmp_path / "go"
    (source / "bin").mkdir(parents=True)
    (source / "bin" / "go").write_text("#!/bin/sh\n")
    (source / "bin" / "go").chmod(0o755)
    archive = tmp_path / "go1.27.1.linux-amd64.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(source, "go")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    settings = {"OFFRAMP_GO_SOURCE": f"file://{tmp_path}", "OFFRAMP_GO_SHA256": digest}
    app = GoApp(tmp_path / "one", ONE, **settings)

    assert (app.build().layer("go").path / "bin" / "go").read_text() == "#!/bin/sh\n"
    with pytest.raises(BuildFailedError, match="does not have the sha256 in OFFRAMP_GO_SHA256"):
        GoApp(tmp_path / "two", ONE, **{**settings, "OFFRAMP_GO_SHA256": "0" * 64}).build()


def test_environment_of_go(tmp_path: Path) -> None:
    """Settings of Go reach it, where it works is ours, and the app's directory is filled in."""
    app = GoApp(
        tmp_path, ONE, GONOSUMDB="example.com", GOFLAGS="-p=2", GOTOOLCHAIN="auto", GOPATH="/elsewhere",
        CGO_CFLAGS="-I${build_dir}/include",
    )  # fmt: skip
    built = app.build()
    environment = app.install.environment

    assert "example.com" == environment["GONOSUMDB"]
    assert f"-I{app.app_dir}/include" == environment["CGO_CFLAGS"]
    assert ("local", "off", "on") == tuple(environment[name] for name in ("GOTOOLCHAIN", "GOENV", "GO111MODULE"))
    assert str(built.layer("modules").path) == environment["GOMODCACHE"]
    assert "/elsewhere" != environment["GOPATH"]
    assert "Ignoring GOPATH, GOTOOLCHAIN" in built.output


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ["-tags", "heroku", "-trimpath"]),
        ({"GOFLAGS": "-tags=netgo,osusergo"}, ["-tags", "heroku,netgo,osusergo"]),
        ({"GO_LINKER_SYMBOL": "main.version", "SOURCE_VERSION": "abc"}, ["-ldflags", "-X main.version=abc"]),
        ({"GO_LINKER_SYMBOL": "main.v", "GO_LINKER_VALUE": "1", "SOURCE_VERSION": "a"}, ["-X main.v=1"]),
        ({"GO_LINKER_SYMBOL": "main.v", "GO_LINKER_VALUE": "a b"}, ["-X 'main.v=a b'"]),
        ({"GO_LINKER_SYMBOL": "main.v", "GO_LINKER_VALUE": "it's"}, ['-X "main.v=it\'s"']),
        ({"GO_LINKER_SYMBOL": "m.v", "GO_LINKER_VALUE": "1", "GOFLAGS": "-ldflags=-s"}, ["-s -X m.v=1"]),
    ],
)
def test_flags(tmp_path: Path, settings: dict[str, str], words: list[str]) -> None:
    """Flags are Heroku's, with those of GOFLAGS that they would hide."""
    app = GoApp(tmp_path, ONE, **settings)
    app.build()

    assert set(words) <= set(app.install.argv)


def test_vendored(tmp_path: Path) -> None:
    """With vendor/modules.txt the proxy is switched off, and no cache of modules is kept."""
    app = GoApp(tmp_path, {**ONE, "vendor/modules.txt": "# none\n"})
    built = app.build()

    assert "-mod=vendor" in app.install.argv
    assert "off" == app.install.environment["GOPROXY"]
    assert "modules" not in built.layers
    assert "Modules come from vendor/" in built.output


@pytest.mark.parametrize(("files", "flags"), [({"vendor/modules.txt": ""}, "-mod=mod"), ({"vendor/x.js": ""}, "")])
def test_not_vendored(tmp_path: Path, files: dict[str, str], flags: str) -> None:
    """GOFLAGS=-mod=mod opts out, and a directory of that name without modules.txt is something else."""
    app = GoApp(tmp_path, {**ONE, **files}, GOFLAGS=flags)
    app.build()

    assert "-mod=vendor" not in app.install.argv


def test_hooks_run_around_the_compilation(tmp_path: Path) -> None:
    """The first hook may write what is compiled; the second sees the programs, and Go."""
    app = GoApp(
        tmp_path,
        {
            "go.mod": ONE["go.mod"],
            "bin/go-pre-compile": "#!/bin/sh\nprintf 'package main\\n' > main.go\n",
            "bin/go-post-compile": '#!/bin/sh\ntest -e bin/shop && echo "$NAME after $(command -v go)"\n',
        },
        NAME="hook",
    )
    built = app.build()

    assert f"hook after {built.layer('go').path}/bin/go" in built.output
    assert built.output.index("go-pre-compile") < built.output.index("go install") < built.output.index("go-post")


def test_failing_hook(tmp_path: Path) -> None:
    """A hook that fails ends the build, and nothing is compiled."""
    app = GoApp(tmp_path, {**ONE, "bin/go-pre-compile": "#!/bin/sh\nexit 3\n"})
    with pytest.raises(BuildFailedError) as caught:
        app.build()

    assert isinstance(caught.value.error, HookFailedError)
    assert [] == app.go_commands


def test_credentials_reach_git_alone(tmp_path: Path) -> None:
    """A token is in no argument, no file and no line of the log."""
    token = "ghp_0123456789abcdef"  # noqa: S105 - made up
    app = GoApp(tmp_path, ONE, GO_GIT_CRED__HTTPS__GITHUB__COM=token)
    built = app.build()
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())

    assert "Using the credentials for github.com for Git" in built.output
    assert token in app.install.environment.values()
    assert token not in " ".join(app.fakes.lines) + built.output
    assert token.encode() not in written


@pytest.mark.parametrize("name", ["bin", "bin/shop/x"])
def test_something_in_the_way_of_programs(tmp_path: Path, name: str) -> None:
    """A file called bin, and a directory where a program goes, are errors."""
    with pytest.raises(BuildFailedError) as caught:
        GoApp(tmp_path, {**ONE, name: ""}).build()

    assert isinstance(caught.value.error, errors.BinIsFileError)


def test_committed_program_gives_way(tmp_path: Path) -> None:
    """A file of the source where a program goes is replaced, as on Heroku, and the log says so."""
    app = GoApp(tmp_path, {**ONE, "bin/shop": "old"})

    assert "'bin/shop' of the source is replaced" in app.build().output
    assert (app.app_dir / "bin" / "shop").is_symlink()


def test_two_programs_of_one_name(tmp_path: Path) -> None:
    """Programs that would overwrite each other are refused."""
    files = {"go.mod": ONE["go.mod"], "a/server/main.go": MAIN, "b/server/main.go": MAIN}
    with pytest.raises(BuildFailedError, match="Two programs are called 'server'"):
        GoApp(tmp_path, files).build()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("main.go:3:1: undefined: x", errors.GoBuildError),
        ("verifying x@v1: checksum mismatch", errors.ModuleSumMismatchError),
        ("go: inconsistent vendoring in /app:", errors.VendorOutdatedError),
        (
            "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
            errors.PrivateModuleError,
        ),
        ("missing go.sum entry for module providing package x", errors.ModulesIncompleteError),
        ("no required module provides package x; to add it:", errors.ModulesIncompleteError),
        ('cgo: C compiler "gcc" not found: exec: "gcc"', errors.CompilerMissingError),
        ("dial tcp: lookup proxy.golang.org: no such host", errors.GoNetworkError),
    ],
)
def test_failures_of_go(tmp_path: Path, words: str, error: type[ExplainedError]) -> None:
    """Go's words are kept, and where their cause is known, what to do is said."""
    with pytest.raises(BuildFailedError) as caught:
        GoApp(tmp_path, {**ONE, "main.go": f"{MAIN}// BROKEN {words}"}).build()

    assert type(caught.value.error) is error
    assert words.split(":", maxsplit=1)[0] in caught.value.output


def test_unknown_package(tmp_path: Path) -> None:
    """A pattern that Go does not know is told with the place it stands in."""
    files = {**ONE, "go.mod": "module shop\n// +heroku install ./missing\ngo 1.27\n"}
    with pytest.raises(BuildFailedError, match=r"what to install: ./missing \(line 2 of go.mod\)"):
        GoApp(tmp_path, files).build()


def test_library_with_a_procfile_is_a_warning(tmp_path: Path) -> None:
    """Where the Procfile runs something else, an app without programs is built."""
    built = GoApp(tmp_path, {"go.mod": ONE["go.mod"], "lib.go": "package lib\n", "Procfile": "web: ./run\n"}).build()

    assert "has no program to install" in built.output
    assert () == built.result.processes


def test_profile_is_sourced(tmp_path: Path) -> None:
    """A process without a Procfile begins with .profile, as every process on Heroku does."""
    assert {"web": ("bash", "-c", ". ./.profile\nexec bin/shop")} == _processes(
        GoApp(tmp_path, {**ONE, ".profile": ""})
    )


@pytest.mark.parametrize(
    ("procfile", "source", "words"),
    [
        ("web: bin/shop", 'var a = flag.String("http.addr", ":8080", "")', "web: bin/shop -http.addr=:$PORT"),
        ("web: shop -http.addr=:80 -v", 'var a = flag.String("http.addr", ":1", "")', "web: shop -v -http.addr=:$PORT"),
        ("web: bin/shop", 'var a = flag.Int("port", 8080, "")', "web: bin/shop -port=$PORT"),
        (None, 'var a = flag.String("http.addr", ":8080", "")', "web: bin/shop -http.addr=:$PORT"),
        ("web: bin/shop", 'func f() { http.ListenAndServe(":8080", nil) }', 'Listen on ":" + os.Getenv("PORT") there'),
    ],
)
def test_missing_port_is_told(tmp_path: Path, procfile: str | None, source: str, words: str) -> None:
    """A web process that does not listen on $PORT is told the line that mends it."""
    files = {**ONE, "main.go": f"{MAIN}{source}\n", **({"Procfile": procfile} if procfile else {})}

    assert words in GoApp(tmp_path, files).build().output


@pytest.mark.parametrize(
    ("procfile", "source"),
    [
        ("web: bin/shop -http.addr=:$PORT", 'var a = flag.String("http.addr", ":8080", "")'),
        ("web: bin/shop -http.addr=:${PORT}", 'var a = flag.String("http.addr", ":8080", "")'),
        ("web: bin/shop", 'func f() { http.ListenAndServe(":"+os.Getenv("PORT"), nil) }'),
        ("web: ./elsewhere", 'var a = flag.String("http.addr", ":8080", "")'),
        ("worker: bin/shop", 'var a = flag.String("http.addr", ":8080", "")'),
        ("web: bin/shop", ""),
    ],
)
def test_port_is_not_missed(tmp_path: Path, procfile: str, source: str) -> None:
    """Nothing is told where $PORT is passed or read, or where nothing is known."""
    built = GoApp(tmp_path, {**ONE, "main.go": f"{MAIN}{source}\n", "Procfile": procfile}).build()

    assert "does not listen on $PORT" not in built.output


def test_go_kit_is_recognised(tmp_path: Path) -> None:
    """Go kit is named with its version and the transports that are used, and the label has the ports."""
    mod = "module shop\ngo 1.27\nrequire github.com/go-kit/kit v0.13.0\nrequire github.com/go-kit/log v0.2.1\n"
    main = (
        'package main\nimport "github.com/go-kit/kit/transport/http"\nvar a = flag.String("http.addr", ":8081", "")\n'
    )
    built = GoApp(tmp_path, {"go.mod": mod, "cmd/api/main.go": main, "cmd/worker/main.go": MAIN}).build()
    label = next(json.loads(one.value) for one in built.result.labels if one.key == LABEL)

    assert "Found Go kit (kit v0.13.0, log v0.2.1), with the transports http" in built.output
    assert "api: http on 8081 (-http.addr, cmd/api/main.go:3)" in built.output
    assert 8081 == label["programs"]["api"]["endpoints"][0]["port"]
    assert [] == label["programs"]["worker"]["endpoints"]


def test_bill_of_materials(tmp_path: Path) -> None:
    """The layer of programs lists what was linked into them."""
    sbom = json.loads(GoApp(tmp_path, ONE).build().layers["programs"].sboms["cdx.json"])

    assert ["pkg:golang/github.com/go-kit/kit@v0.13.0", "pkg:golang/stdlib@1.27.1"] == [
        one["purl"] for one in sbom["components"]
    ]


@pytest.mark.parametrize("setting", ["GO_INSTALL_TOOLS_IN_IMAGE", "GO_SETUP_GOPATH_FOR_MODULE_CACHE"])
def test_tools_in_the_image(tmp_path: Path, setting: str) -> None:
    """Go, or the modules, are in the image when they are asked for, and not otherwise."""
    layer = {"GO_INSTALL_TOOLS_IN_IMAGE": "go", "GO_SETUP_GOPATH_FOR_MODULE_CACHE": "modules"}[setting]
    variable = {"go": "GOROOT", "modules": "GOMODCACHE"}[layer]
    with_it = GoApp(tmp_path / "with", ONE, **{setting: "true"}).build().layers[layer]
    without = GoApp(tmp_path / "without", ONE).build().layers[layer]

    assert (True, False) == (with_it.types.launch, without.types.launch)
    assert {variable: str(with_it.path).encode()} == {
        name.partition(".")[0]: value for name, value in with_it.env.files()["env.launch"].items()
    }


def test_real_inventory_is_the_default() -> None:
    """Without anything else the buildpack knows the releases of the inventory."""
    assert (1, 27) in GoBuildpack()._read_inventory().newest
