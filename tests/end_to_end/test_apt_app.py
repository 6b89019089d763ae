"""An app of Debian packages and a Procfile, from Debian's own archive: its whole life."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import ClassVar

import pytest

from tests.support.app_cycle import AppCase, AppCycle, Cycle, all_of, answers, replace_in
from tests.support.offramp import REPOSITORY

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("apt")]

C_TOOLS = str(REPOSITORY / "fixtures" / "classic_buildpacks" / "c_tools")
LOW_STOCK = "/cgi-bin/low-stock?below=10"


def add_greeting(app: Path) -> None:
    """Add a page whose program comes from one more package."""
    program = app / "public/cgi-bin/greeting"
    program.write_text("#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nhello --greeting='good morning'\n")
    program.chmod(0o755)


class TestReport(AppCycle):
    """busybox serves what jq finds; neither is in the run image."""

    case: ClassVar[AppCase] = AppCase(
        app="apt_jq_report",
        ask=answers(LOW_STOCK, '"mug"', '"kettle"'),
        edit=replace_in("data/stock.json", '"left": 41', '"left": 4'),
        ask_edited=answers(LOW_STOCK, '"mug"', '"toaster"', '"kettle"'),
        depend=all_of(replace_in("Aptfile", "busybox\n", "busybox\nhello\n"), add_greeting),
        ask_depending=answers("/cgi-bin/greeting", "good morning"),
        kept=("offramp/apt: packages",),
    )

    def test_bill_of_materials_has_the_packages(self, cycle: Cycle) -> None:
        """``offramp sbom`` names each package of the layer, beside those of the run image."""
        bill = json.loads(cycle.offramp.run("sbom", cycle.case.name).stdout)
        names = [one["name"] for one in bill["components"]]

        assert {"jq", "libjq1", "libonig5", "busybox"} <= set(names)
        assert names.count("curl") == 1  # asked for, and in the run image already

    def test_changed_list_fetches_the_new_package_only(self, cycle: Cycle) -> None:
        """What the cache holds of the lists and packages is not downloaded again."""
        edited = cycle.edited(cycle.case.depend)
        edited.app.joinpath("Aptfile").write_text("jq\nsl\n")
        before = len(cycle.proxy.traffic.requests)
        edited.build()
        debs = [url for url, _, _ in cycle.proxy.traffic.requests[before:] if url.endswith(".deb")]

        assert [url.rpartition("/")[2].partition("_")[0] for url in debs] == ["sl"]


def blake2b(word: str) -> str:
    """Give the digest that libsodium should find."""
    return hashlib.blake2b(word.encode(), digest_size=32).hexdigest()


class TestSodium(AppCycle):
    """A later buildpack compiles against a library of the Aptfile; the app is linked with it where it runs."""

    case: ClassVar[AppCase] = AppCase(
        app="apt_c_sodium",
        options=("--buildpack", "offramp/apt", "--buildpack", C_TOOLS, "--buildpack", "offramp/procfile"),
        ask=answers("/offramp", blake2b("offramp")),
        edit=replace_in("src/digests.c", "strlen(word), NULL", "strlen(word) / 2, NULL"),
        ask_edited=answers("/abab", blake2b("ab")),
        depend=replace_in("Aptfile", "libsodium-dev", "libsodium-dev libonig5"),
        kept=("offramp/apt: packages",),
    )
