"""The apt buildpack: the Debian packages an app lists, in one layer, without root and without running their scripts.

The build, top to bottom, is ``AptBuildpack.build``. The list is read whole first, so that every mistake is told before
anything is fetched.
"""

from __future__ import annotations

from pathlib import Path

from buildpacks.apt.aptfile import APTFILE, parse_aptfile
from buildpacks.apt.layers.packages import install_packages
from buildpacks.apt.project_toml import PROJECT_TOML, TABLE, find_table, parse_table
from buildpacks.apt.sources import choose_sources
from buildpacks.apt.status import read_status
from buildpacks.apt.wanted import Wanted
from buildpacks.sdk import (
    BuildContext,
    Buildpack,
    BuildResult,
    DetectContext,
    DetectResult,
    ExplainedError,
    Failed,
    Passed,
    read_text_if_present,
)


class AptBuildpack(Buildpack):
    """Wants an Aptfile, or the table of Heroku's cloud native buildpack in project.toml; both are added up."""

    name = "Debian packages"

    def __init__(self, root: Path = Path("/")) -> None:
        """Use the build image whose root is ``root``."""
        self._root = root

    def detect(self, context: DetectContext) -> DetectResult:
        """Look for a list of packages."""
        found = _lists(context.app_dir)
        if not found:
            return Failed(f"no {APTFILE}, and no table '{TABLE}' in {PROJECT_TOML}")
        return Passed(because=f"found {' and '.join(found)}")

    def build(self, context: BuildContext) -> BuildResult:
        """Read the lists, decide where packages come from, and install them."""
        lists = " and ".join(_lists(context.app_dir))
        wanted = read_wanted(context.app_dir)
        if not wanted:
            context.output.step(f"{lists} lists no packages: nothing to install")
            return BuildResult()
        sources = choose_sources(context, wanted.repositories, self._root)
        status = read_status(self._root)

        context.output.step(f"Packages {', '.join(map(str, (*wanted.packages, *wanted.files)))} ({lists})")
        if not status.of_run_image:
            context.output.detail("What the run image has is not known here: taking the build image's packages for it")
        install_packages(context, wanted, sources, status)
        return BuildResult()


def read_wanted(app_dir: Path) -> Wanted:
    """Read both lists."""
    table = find_table(app_dir)
    return parse_aptfile(read_text_if_present(app_dir / APTFILE) or "") + (parse_table(table) if table else Wanted())


def _lists(app_dir: Path) -> list[str]:
    """Name the lists there are."""
    found = [APTFILE] if (app_dir / APTFILE).is_file() else []
    return [*found, PROJECT_TOML] if _has_table(app_dir) else found


def _has_table(app_dir: Path) -> bool:
    try:
        return find_table(app_dir) is not None
    except ExplainedError:  # the build says what is wrong with it, if it is about packages at all
        return TABLE.rpartition(".")[2] in (app_dir / PROJECT_TOML).read_bytes().decode(errors="replace")
