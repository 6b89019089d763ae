"""An app of Debian packages and a Procfile, from Debian's own archive: its whole life."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest

from tests.support.app_cycle import AppCase, AppCycle, Cycle, all_of, answers, replace_in

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("apt")]

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
