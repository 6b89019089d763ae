"""The apt buildpack as a lifecycle sees it; apt and dpkg-deb are fakes over an archive of small packages."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest

from buildpacks.apt import errors
from buildpacks.sdk import CYCLONEDX
from buildpacks.sdk.testing import BuildFailedError
from tests.unit.buildpacks.apt.archive import PACKAGES, AptApp, FakePackage

TABLE = "[com.heroku.buildpacks.deb-packages]\n"


@pytest.mark.parametrize(
    ("files", "because"),
    [
        ({"Aptfile": ""}, "found Aptfile"),
        ({"project.toml": TABLE}, "found project.toml"),
        ({"Aptfile": "jq", "project.toml": TABLE}, "found Aptfile and project.toml"),
    ],
)
def test_detects_either_list(tmp_path: Path, files: dict[str, str | bytes], because: str) -> None:
    """An Aptfile, Heroku's table of project.toml, or both."""
    detection = AptApp(tmp_path, files).detect()

    assert detection.passed
    assert getattr(detection.result, "because", "") == because


@pytest.mark.parametrize("files", [{}, {"aptfile": "jq"}, {"project.toml": "[_]\n"}, {"project.toml": "broken ["}])
def test_does_not_apply_without_a_list(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    """Another name, a project.toml about other things, and one that somebody else will complain about, are none."""
    assert not AptApp(tmp_path, files).detect().passed


def test_broken_table_is_told_by_the_build(tmp_path: Path) -> None:
    """A project.toml that is about packages and cannot be read passes detection: the build says what is wrong."""
    app = AptApp(tmp_path, {"project.toml": f"{TABLE}install = ["})

    assert app.detect().passed
    with pytest.raises(BuildFailedError, match="not valid TOML"):
        app.build()


def test_installs_the_closure(tmp_path: Path) -> None:
    """The package and what it depends on lie in one layer for the build, the cache and the app."""
    app = AptApp(tmp_path, {"Aptfile": "jq\n"})
    layer = app.build().layer("packages")

    assert (layer.path / "usr/bin/jq").read_text() == "program"
    assert (layer.path / "usr/lib/x86_64-linux-gnu/libjq.so.1").resolve().read_text() == "library"
    assert (layer.layer.types.build, layer.layer.types.cache, layer.layer.types.launch) == (True, True, True)
    assert app.apt.ran("--no-install-recommends")


def test_unchanged_list_runs_nothing(tmp_path: Path) -> None:
    """The second build starts no program, and knows the installed versions nevertheless."""
    app = AptApp(tmp_path, {"Aptfile": "jq\n"})
    app.build()
    app.apt.programs.commands.clear()
    built = app.build()

    built.layer("packages").assert_restored()
    assert app.apt.programs.commands == []
    assert "jq 1.7.1-6, libjq1 1.7.1-6" in built.output
    assert "pkg:deb/debian/jq@1.7.1-6" in built.layer("packages").layer.sboms[CYCLONEDX].decode()


def test_changed_list_says_how(tmp_path: Path) -> None:
    """The log shows both lists; the lists of the repositories are kept for apt to bring up to date."""
    app = AptApp(tmp_path, {"Aptfile": "jq\n"})
    app.build()
    app.write({"Aptfile": "jq\nlibjq-dev\n"})
    built = app.build()

    built.layer("packages").assert_rebuilt("list of packages changed from jq to jq, libjq-dev")
    built.layer("fetched").assert_restored()


@pytest.mark.parametrize("aptfile", ["# why\njq\n", "jq jq\n", "\n  jq\n"])
def test_comments_and_order_do_not_matter(tmp_path: Path, aptfile: str) -> None:
    """What means the same is the same to the cache."""
    app = AptApp(tmp_path, {"Aptfile": "jq"})
    app.build()
    app.write({"Aptfile": aptfile})

    app.build().layer("packages").assert_restored()


def test_new_run_image_installs_anew(tmp_path: Path) -> None:
    """What the run image has decides what is left out, so a new one discards the layer."""
    app = AptApp(tmp_path, {"Aptfile": "jq"})
    app.build()
    app.write_root("usr/share/offramp/run-image/status", "Package: bash\nStatus: install ok installed\nVersion: 5\n")

    app.build().layer("packages").assert_rebuilt("what the run image has changed")


def test_refresh_setting_fetches_newer_versions(tmp_path: Path) -> None:
    """Another value of OFFRAMP_APT_REFRESH installs what the repositories have now."""
    app = AptApp(tmp_path, {"Aptfile": "jq"})
    app.build()
    app.apt.packages["jq"] = FakePackage(version="1.8", files={"usr/bin/jq": "new"})
    app.user_env[errors.REFRESH_SETTING] = "2026-11"
    built = app.build()

    built.layer("packages").assert_rebuilt(f"{errors.REFRESH_SETTING} changed")
    assert "jq 1.8" in built.output


def test_what_the_run_image_has_is_left_out(tmp_path: Path) -> None:
    """A package that is there already is named in the log and not fetched."""
    app = AptApp(tmp_path, {"Aptfile": "curl jq"})
    built = app.build()

    assert "The run image has curl already" in built.output
    assert not (built.layer("packages").path / "usr/bin/curl").exists()
    assert all("curl" not in argv for argv in app.apt.ran("--download-only"))


def test_forced_package_is_installed_over_the_run_image_s(tmp_path: Path) -> None:
    """``force`` of project.toml takes a package that is there already; ``skip_dependencies`` takes it alone."""
    items = '{name = "curl", force = true}, {name = "jq", skip_dependencies = true}'
    built = AptApp(tmp_path, {"project.toml": f"{TABLE}install = [{items}]"}).build()
    layer = built.layer("packages").path

    assert (layer / "usr/bin/curl").read_text() == "newer"
    assert (layer / "usr/bin/jq").exists()
    assert not (layer / "usr/lib/x86_64-linux-gnu/libjq.so.1").exists()


def test_foreign_build_image_is_said(tmp_path: Path) -> None:
    """Where nothing is known of the run image, the build image's own packages count, and the log says so."""
    app = AptApp(tmp_path, {"Aptfile": "jq"})
    (app.root / "usr/share/offramp/run-image/status").unlink()
    app.write_root("var/lib/dpkg/status", "Package: jq\nStatus: install ok installed\nVersion: 1\n")
    built = app.build()

    assert "What the run image has is not known here" in built.output
    assert "The run image has jq already" in built.output


@pytest.mark.parametrize("text", ["", "# nothing\n\n", "\ufeff"])
def test_empty_list_is_a_notice(tmp_path: Path, text: str) -> None:
    """An empty Aptfile builds, says so, and leaves no layer."""
    built = AptApp(tmp_path, {"Aptfile": text}).build()

    assert "Aptfile lists no packages: nothing to install" in built.output
    assert built.layers == {}


def test_both_lists_are_added_up(tmp_path: Path) -> None:
    """The Aptfile and project.toml may each name packages."""
    files: dict[str, str | bytes] = {"Aptfile": "jq", "project.toml": f'{TABLE}install = ["figlet", "jq"]'}
    built = AptApp(tmp_path, files).build()

    assert "Packages jq, figlet (Aptfile and project.toml)" in built.output


def test_alternatives_are_linked(tmp_path: Path) -> None:
    """A program that Debian makes known by an alternative is there under that name."""
    layer = AptApp(tmp_path, {"Aptfile": "figlet"}).build().layer("packages").path

    assert (layer / "usr/bin/figlet").readlink() == Path("figlet-figlet")


def test_pkg_config_leads_into_the_layer(tmp_path: Path) -> None:
    """Headers and libraries are found where they are."""
    layer = AptApp(tmp_path, {"Aptfile": "libjq-dev"}).build().layer("packages").path
    text = (layer / "usr/lib/x86_64-linux-gnu/pkgconfig/libjq.pc").read_text()

    assert text == f"prefix={layer}/usr\nName: jq\n"


def test_environment_of_build_and_app(tmp_path: Path) -> None:
    """Directories that are there are on the lists of places, for later buildpacks and for the app."""
    layer = AptApp(tmp_path, {"Aptfile": "jq libjq-dev"}).build().layer("packages")
    files = layer.layer.env.files()["env"]
    path = str(layer.path).encode()

    assert files["PATH.prepend"] == path + b"/usr/bin"
    assert files["LD_LIBRARY_PATH.prepend"] == path + b"/usr/lib/x86_64-linux-gnu:" + path + b"/usr/lib"
    assert files["CPATH.prepend"] == path + b"/usr/include"
    assert files["PKG_CONFIG_PATH.prepend"] == path + b"/usr/lib/x86_64-linux-gnu/pkgconfig"
    assert files["PATH.delim"] == b":"


def test_bill_of_materials_names_every_package(tmp_path: Path) -> None:
    """Each package stands in the layer's bill with its package URL."""
    layer = AptApp(tmp_path, {"Aptfile": "jq"}).build().layer("packages").layer
    purls = [one["purl"] for one in json.loads(layer.sboms[CYCLONEDX])["components"]]

    assert purls == [
        "pkg:deb/debian/jq@1.7.1-6?arch=amd64&distro=debian-13",
        "pkg:deb/debian/libjq1@1.7.1-6?arch=amd64&distro=debian-13",
    ]


def test_damaged_package_is_not_unpacked(tmp_path: Path) -> None:
    """A file that is not what the signed list says is refused before anything looks inside."""
    app = AptApp(tmp_path, {"Aptfile": "jq"})
    app.apt.damaged = True
    with pytest.raises(BuildFailedError, match="nothing was unpacked") as failed:
        app.build()

    assert isinstance(failed.value.error, errors.DamagedPackageError)
    assert app.apt.ran("--extract") == []


def test_damaged_file_of_the_cache_is_fetched_again(tmp_path: Path) -> None:
    """Apt believes in a kept file's size; we compare its digest."""
    app = AptApp(tmp_path, {"Aptfile": "jq"})
    kept = app.build().layer("fetched").path / "archives" / app.apt.file_name("jq")
    kept.write_bytes(b"x" * kept.stat().st_size)
    app.write({"Aptfile": "jq libjq-dev"})

    assert (app.build().layer("packages").path / "usr/bin/jq").read_text() == "program"


def test_files_of_packages_no_longer_wanted_leave_the_cache(tmp_path: Path) -> None:
    """The cache does not grow for ever."""
    app = AptApp(tmp_path, {"Aptfile": "jq"})
    app.build()
    app.write({"Aptfile": "figlet"})
    kept = [file.name for file in (app.build().layer("fetched").path / "archives").glob("*.deb")]

    assert kept == [app.apt.file_name("figlet")]


@pytest.mark.parametrize(
    ("act", "words", "error"),
    [
        ("update", "E: The repository 'http://x trixie InRelease' is not signed.", errors.RepositoryNotTrustedError),
        (
            "update",
            "W: OpenPGP signature verification failed: x: Missing key 0C\nE: x",
            errors.RepositoryNotTrustedError,
        ),
        ("update", "E: Release file for http://x is expired", errors.RepositoryNotTrustedError),
        ("update", "E: Failed to fetch http://x  Could not connect", errors.RepositoryUnreachableError),
        ("plan", "E: Unable to correct problems, you have held broken packages.", errors.UnsolvableError),
        ("install", "E: Failed to fetch http://x/jq.deb  Hash Sum mismatch", errors.FetchPackagesError),
    ],
)
def test_apt_s_failures_are_told_apart(tmp_path: Path, act: str, words: str, error: type[Exception]) -> None:
    """Each failure of apt has its own explanation with apt's own words, and nothing is unpacked."""
    app = AptApp(tmp_path, {"Aptfile": "jq"})
    app.apt.broken[act] = f"Hit:1 http://x\n{words}"
    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, error)
    assert words.splitlines()[0] in failed.value.output
    assert app.apt.ran("--extract") == []


def test_unknown_packages_are_told_at_once(tmp_path: Path) -> None:
    """All names that nobody has, each with its line and names that are close."""
    app = AptApp(tmp_path, {"Aptfile": "jqq\n\nlibicu72\nlibvips42"})
    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert "Instead of 'jqq' (Aptfile, line 1), did you mean 'jq'?" in failed.value.output
    assert "Instead of 'libicu72' (Aptfile, line 3), did you mean 'libicu76'?" in failed.value.output
    assert "did you mean 'libvips42t64'?" in failed.value.output


def test_name_that_one_package_provides_is_that_package(tmp_path: Path) -> None:
    """A virtual package with one provider stands for it."""
    app = AptApp(tmp_path, {"Aptfile": "postfix-only"})
    app.build()

    assert app.apt.ran("--download-only")[0][-1] == "postfix"


def test_name_that_several_packages_provide_lists_them(tmp_path: Path) -> None:
    """A virtual package with several providers is an error that names them all."""
    with pytest.raises(BuildFailedError, match="'mail-transport-agent' can be any of 2 packages") as failed:
        AptApp(tmp_path, {"Aptfile": "mail-transport-agent"}).build()

    assert "exim4" in failed.value.output
    assert "postfix" in failed.value.output


def test_pattern_stands_for_every_match(tmp_path: Path) -> None:
    """``libjq*`` is every package whose name begins so."""
    app = AptApp(tmp_path, {"Aptfile": "libjq*"})
    app.build()

    assert app.apt.ran("--download-only")[0][-2:] == ("libjq-dev", "libjq1")


def test_pattern_that_matches_hundreds_is_refused(tmp_path: Path) -> None:
    """A pattern nobody can mean does not fill the image."""
    packages = {**PACKAGES, **{f"many-{number}": FakePackage() for number in range(201)}}
    with pytest.raises(BuildFailedError, match=r"'many-\*' stands for 201 packages"):
        AptApp(tmp_path, {"Aptfile": "many-*"}, packages=packages).build()


def _served(tmp_path: Path, package: FakePackage) -> tuple[str, str]:
    data = package.deb("tool")
    (tmp_path / "tool.deb").write_bytes(data)
    return (tmp_path / "tool.deb").as_uri(), hashlib.sha256(data).hexdigest()


def test_package_file_is_unpacked_once_its_digest_is_right(tmp_path: Path) -> None:
    """An address with the digest is downloaded and unpacked, alone: no repository is asked."""
    url, sha256 = _served(tmp_path, FakePackage(files={"opt/tool/run": "tool"}))
    app = AptApp(tmp_path, {"Aptfile": f"{url}#sha256={sha256}"})
    built = app.build()

    assert (built.layer("packages").path / "opt/tool/run").read_text() == "tool"
    assert app.apt.ran("update") == []


def test_password_of_an_address_is_neither_logged_nor_kept(tmp_path: Path) -> None:
    """The log masks it, and what is stored beside the layer names the file and its digest only."""
    url, sha256 = _served(tmp_path, FakePackage(files={"opt/tool/run": "tool"}))
    app = AptApp(tmp_path, {"Aptfile": f":repo:deb https://me:hunter22@x.test a b\n{url}#sha256={sha256}\njq"})
    built = app.build()

    assert "https://***@x.test" in built.output
    assert "hunter22" not in built.output
    assert all("hunter22" not in file.read_text() for file in app.layers_dir.glob("*.toml"))
    assert f"tool.deb#sha256={sha256}" in (app.layers_dir / "packages.toml").read_text()


def test_package_file_without_digest_is_refused_with_the_digest_to_add(tmp_path: Path) -> None:
    """The error has the line to write, and nothing is unpacked."""
    url, sha256 = _served(tmp_path, FakePackage())
    app = AptApp(tmp_path, {"Aptfile": url})
    with pytest.raises(BuildFailedError, match="has no digest") as failed:
        app.build()

    assert f"{url}#sha256={sha256}" in failed.value.output
    assert app.apt.ran("--extract") == []


def test_package_file_of_another_architecture_is_refused(tmp_path: Path) -> None:
    """A package for arm64 in an amd64 image is an error, not a program that does not start."""
    url, sha256 = _served(tmp_path, FakePackage(architecture="arm64"))
    with pytest.raises(BuildFailedError, match="is for arm64, and this image is for amd64"):
        AptApp(tmp_path, {"Aptfile": f"{url}#sha256={sha256}"}).build()


def test_mirror_setting_takes_the_place_of_the_image_s_sources(tmp_path: Path) -> None:
    """What apt reads is the mirror and the app's repositories; the key of the cache knows."""
    app = AptApp(tmp_path, {"Aptfile": "jq"})
    app.build()
    app.user_env[errors.MIRROR_SETTING] = "http://127.0.0.1:1/debian"
    built = app.build()

    built.layer("packages").assert_rebuilt("the list of repositories changed")
    assert f"Reading the lists of the sources of {errors.MIRROR_SETTING}" in built.output


def test_no_file_keeps_a_right_of_another_user(tmp_path: Path) -> None:
    """Every file and directory of the layer has plain rights."""
    layer = AptApp(tmp_path, {"Aptfile": "jq libjq-dev"}).build().layer("packages").path
    modes = {stat.S_IMODE(path.lstat().st_mode) for path in layer.rglob("*") if not path.is_symlink()}

    assert modes <= {0o755, 0o644}
