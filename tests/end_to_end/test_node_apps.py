"""Node.js apps through their whole life: npm with Express, Yarn with a bundler, pnpm, and what ends a build."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import ClassVar

import pytest

from tests.support.app_cycle import AppCase, AppCycle, Cycle, Edit, all_of, answers, replace_in
from tests.support.offramp import free_port, get

pytestmark = pytest.mark.end_to_end
NODE, TOOLS = "offramp/nodejs: node", "offramp/nodejs: tools"
PRODUCTION = "offramp/nodejs: production"
MS = "sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA=="


def other_version(name: str, old: str, new: str, integrity: str) -> Edit:
    """Make an edit of package.json and package-lock.json: another version of a package, with its integrity."""

    def edit(app: Path) -> None:
        replace_in("package.json", f'"{name}": "{old}"', f'"{name}": "{new}"')(app)
        lock = json.loads((app / "package-lock.json").read_text())
        lock["packages"][""]["dependencies"][name] = new
        lock["packages"][f"node_modules/{name}"] |= {"version": new, "integrity": integrity}
        (app / "package-lock.json").write_text(json.dumps(lock, indent=2))

    return edit


@pytest.mark.xdist_group("node-express")
class TestExpressWithNpm(AppCycle):
    """Express: middleware, a static file, JSON."""

    case: ClassVar[AppCase] = AppCase(
        app="node_express",
        ask=answers("/next?from=200", '{"from":200,"highWater":935,"period":"12 hours"}'),
        edit=replace_in("tides.js", "const FIRST = 190;", "const FIRST = 195;"),
        ask_edited=answers("/next?from=200", '"highWater":940'),
        depend=other_version("ms", "2.1.2", "2.1.3", MS),
        kept=(NODE, TOOLS, PRODUCTION),
    )

    def test_static_file_and_bad_input(self, cycle: Cycle) -> None:
        """The middleware serves a page; what the app refuses, it refuses."""
        cycle.ask(answers("/", "<h1>Next high water</h1>"))
        cycle.ask(answers("/next?from=noon", "minutes since midnight", status=400))

    def test_packages_for_development_are_not_in_the_image(self, cycle: Cycle) -> None:
        """They were there in the build; npm is there at run time, as on Heroku."""
        name = cycle.case.name
        done = cycle.offramp.run("run", name, "--", "sh", "-c", "ls node_modules; npm --version; echo $NODE_ENV")

        assert "express\n" in done.stdout
        assert "is-number\n" not in done.stdout
        assert done.stdout.splitlines()[-2:] == ["11.6.2", "production"]

    def test_sigterm_ends_the_app_in_order(self, cycle: Cycle) -> None:
        """The signal reaches node itself: the app closes its server and ends with 0 within seconds."""
        port = free_port()
        process = cycle.offramp.start("run", cycle.case.name, "--port", str(port))
        get(f"http://127.0.0.1:{port}/")
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=30) == 0
        assert time.monotonic() - begin < 10
        assert "closed" in cycle.offramp.logs()

    def test_container_knows_its_memory(self, cycle: Cycle) -> None:
        """WEB_MEMORY and WEB_CONCURRENCY follow from the container's limit, read where cgroup v1 or v2 has it."""
        launcher = "--entrypoint=/cnb/lifecycle/launcher"
        with cycle.container() as container:
            command = ("docker", "run", "--rm", "--memory=1536m", launcher, container.image, "env")
            done = subprocess.run(command, capture_output=True, text=True, check=False)

        assert done.returncode == 0, done.stderr
        assert "WEB_CONCURRENCY=3\n" in done.stdout
        assert "WEB_MEMORY=512\n" in done.stdout


@pytest.mark.xdist_group("node-yarn")
class TestBundleWithYarn(AppCycle):
    """A page whose script esbuild bundles in the build, with Yarn."""

    case: ClassVar[AppCase] = AppCase(
        app="node_yarn_esbuild",
        ask=answers("/page.js", "#204080"),
        edit=replace_in("src/page.ts", "#204080", "#804020"),
        ask_edited=answers("/page.js", "#804020"),
        depend=all_of(
            replace_in(
                "package.json", '    "esbuild": "0.24.2",\n    "is-odd": "3.0.1"\n', '    "esbuild": "0.24.2"\n'
            ),
            lambda app: _without_block(app / "yarn.lock", "is-odd@3.0.1:"),
            lambda app: _without_block(app / "yarn.lock", "is-number@^6.0.0:"),
        ),
        kept=(NODE, TOOLS, PRODUCTION),
    )

    def test_bundler_is_not_in_the_image(self, cycle: Cycle) -> None:
        """What it made is; what made it is not."""
        done = cycle.offramp.run("run", cycle.case.name, "--", "sh", "-c", "ls node_modules dist")

        assert "page.js" in done.stdout
        assert "esbuild" not in done.stdout


@pytest.mark.xdist_group("node-pnpm")
class TestPnpm(AppCycle):
    """pnpm in the version that package.json names."""

    case: ClassVar[AppCase] = AppCase(
        app="node_pnpm",
        ask=answers("/", '{"game":"dice","throw":"'),
        edit=replace_in("app.js", 'game: "dice"', 'game: "poker"'),
        ask_edited=answers("/", '"game":"poker"'),
        depend=all_of(
            replace_in(
                "package.json",
                '"nanoid": "5.0.9" },\n  "devDependencies": { "is-number": "7.0.0" }',
                '"nanoid": "5.0.9" }',
            ),
            lambda app: _without_development(app / "pnpm-lock.yaml"),
        ),
        kept=(NODE, TOOLS, PRODUCTION),
    )

    def test_packages_for_development_are_not_in_the_image(self, cycle: Cycle) -> None:
        """``pnpm prune`` took them away; the others' links still lead somewhere."""
        done = cycle.offramp.run("run", cycle.case.name, "--", "sh", "-c", "ls -L node_modules node_modules/nanoid")

        assert "is-number" not in done.stdout
        assert "package.json" in done.stdout


def _without_block(file: Path, head: str) -> None:
    blocks = file.read_text().split("\n\n")
    kept = [block for block in blocks if not block.strip().startswith((head, f'"{head[:-1]}":'))]
    assert len(kept) == len(blocks) - 1, head
    file.write_text("\n\n".join(kept))


def _without_development(file: Path) -> None:
    text = file.read_text()
    begin, end = text.index("    devDependencies:"), text.index("packages:")
    text = text[:begin].rstrip("\n") + "\n\n" + text[end:]
    for head in ("  is-number@7.0.0:",):
        while head in text:
            begin = text.index(head)
            text = text[:begin] + text[text.index("\n\n", begin) + 2 :].lstrip("\n")
    file.write_text(text)
