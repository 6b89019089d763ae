"""Classic Heroku buildpacks, two of them for one app: the first builds a server, the second a page with its tools."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from tests.support.app_cycle import AppCase, AppCycle, Cycle, answers, replace_in
from tests.support.offramp import REPOSITORY, Installation, copy_app, free_port, get, installation

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("classic")]

PACKS = REPOSITORY / "fixtures" / "classic_buildpacks"
BUILD_FAILED, NOTHING_DETECTED = 51, 20
MOTTO = 'SITE_MOTTO=it\'s "quoted" & \\escaped\non two lines — with €\n'


def packs(*names: str) -> tuple[str, ...]:
    """Give the options that choose buildpacks of the fixtures."""
    return tuple(word for name in names for word in ("--buildpack", str(PACKS / name)))


def add_profile(app: Path) -> None:
    """Add a script of the app's own, whose name stands between those of the buildpacks."""
    (app / ".profile.d").mkdir()
    (app / ".profile.d/050_app.sh").write_text('export SITE_SCRIPTS="${SITE_SCRIPTS:-}050_app "\n')


class TestSite(AppCycle):
    """The page names what the first buildpack exports to the second, and a config var of the build."""

    case: ClassVar[AppCase] = AppCase(
        app="classic_site",
        options=(*packs("c_tools", "site"), "-e", 'SITE_TITLE=My "first" site'),
        ask=answers("/", 'My "first" site\nbuilt by c_tools, with "quotes" and $signs\n'),
        edit=replace_in("page.template", "built by", "made by"),
        ask_edited=answers("/", "made by c_tools"),
        depend=add_profile,
        ask_depending=answers("/environment", "SITE_SCRIPTS=000_c_tools 050_app 100_site \n"),
        kept=("classic/c-tools: profile", "classic/site: profile"),
    )

    def test_app_is_started_as_on_heroku(self, cycle: Cycle) -> None:
        """``.profile.d`` and the release's config vars are there, HOME is the app, the build's config vars are not."""
        cycle.build()
        cycle.ask(
            answers(
                "/environment",
                "HOME=/app\nSITE_ROOT=/app/site\n" + MOTTO,
                "SITE_SCRIPTS=000_c_tools 100_site \nSITE_THEME=plain\nSITE_TITLE=(unset)\n",
            )
        )

    def test_one_off_commands_see_the_same(self, cycle: Cycle) -> None:
        """A process of another type, and a command of one's own, have the environment of ``.profile.d``."""
        cycle.build()
        run = ("run", cycle.case.name)
        console = cycle.offramp.run(*run, "console", "--", "-c", 'echo "$SITE_SCRIPTS"')
        command = cycle.offramp.run(*run, "--", "sh", "-c", "command -v server; echo $HOME")

        assert console.stdout == "000_c_tools 100_site \n"
        assert command.stdout == "/app/.heroku/c_tools/bin/server\n/app\n"

    def test_cache_dir_is_kept_from_build_to_build(self, cycle: Cycle) -> None:
        """What bin/compile leaves in its cache is there the next time; the compiler has nothing to do."""
        name = "classic-cached"
        first = cycle.offramp.run("build", cycle.app, "-t", name, *cycle.case.options, "--progress", "plain").stderr
        second = cycle.offramp.run("build", cycle.app, "-t", name, *cycle.case.options, "--progress", "plain").stderr

        assert "build number 1" in first
        assert "cc -O2" in first
        assert "build number 2" in second
        assert "cc -O2" not in second


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """A fresh installation."""
    with installation() as one:
        yield one


def test_failed_compile_fails_the_build_and_leaves_nothing(offramp: Installation, tmp_path: Path) -> None:
    """The log has its words and its status, and the next build finds no cache of it."""
    app = copy_app("classic_site", tmp_path / "app")
    for _ in range(2):
        done = offramp.run(
            "build", app, "-t", "fails", *packs("fails_compile"), "--progress", "plain", code=BUILD_FAILED
        )

        assert "!     Cannot build this app" in done.stderr
        assert "Failed to compile the fails-compile app: 'bin/compile' ended with status 3" in done.stderr
        assert "found what a failed build left" not in done.stderr
    assert "fails" not in offramp.run("images").stdout


def test_buildpack_that_says_no_is_told_with_its_words(offramp: Installation, tmp_path: Path) -> None:
    """As on Heroku, a buildpack that was chosen has to match."""
    app = copy_app("classic_site", tmp_path / "app")
    done = offramp.run("build", app, "-t", "no", *packs("c_tools", "says_no"), code=NOTHING_DETECTED)

    assert "looked for a file that no app has" in done.stderr


def test_config_vars_are_files_with_their_exact_bytes(offramp: Installation, tmp_path: Path) -> None:
    """ENV_DIR has each; the environment has none; no value is in the log."""
    app = copy_app("classic_site", tmp_path / "app")
    values = ("EMPTY=", "LINES=a\nb\n", "UMLAUT=ü€", "PLAIN=not-in-the-log")
    variables = tuple(word for value in values for word in ("-e", value))
    done = offramp.run("build", app, "-t", "env", *packs("reads_config"), *variables, "--progress", "plain").stderr
    sizes = dict(line.split()[1:3] for line in done.splitlines() if line.lstrip().startswith("config "))

    assert sizes == {"EMPTY": "0", "LINES": "4", "UMLAUT": "5", "PLAIN": "14"}
    assert "variable PLAIN" not in done
    assert "variable STACK" in done
    assert "not-in-the-log" not in done


def test_lists_and_archives(offramp: Installation, tmp_path: Path) -> None:
    """``.buildpacks`` may name a buildpack in the app and a packed one, in their order; a Procfile wins."""
    app = copy_app("classic_site", tmp_path / "app")
    shutil.copytree(PACKS / "c_tools", app / "packs/c_tools")
    with tarfile.open(app / "packs/site.tgz", "w:gz") as archive:
        archive.add(PACKS / "site", "heroku-buildpack-site-1.0")
    (app / ".buildpacks").write_text("./packs/c_tools\n./packs/site.tgz\n")
    (app / "Procfile").write_text("web: server page.template\n")
    done = offramp.run("build", app, "-t", "listed", "--progress", "plain").stderr
    port = free_port()
    with offramp.running("listed", port=port):
        page = get(f"http://127.0.0.1:{port}/")[1]

    assert "classic/c-tools" in done
    assert "classic/site" in done
    assert page == (app / "page.template").read_text()
