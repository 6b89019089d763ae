"""The processes an app has without a Procfile, which overrides those of the same name.

On Heroku ``npm start`` runs. npm stays between the platform and the app and passes no signal on, so the script's own
command runs in its place, with the programs of its packages on the PATH; scripts around it (prestart) need npm.
"""

from __future__ import annotations

from collections.abc import Collection

from buildpacks.nodejs.lock_files import Manager
from buildpacks.nodejs.package_json import PackageJson
from buildpacks.sdk import PROFILE, BuildContext, Process, Rules, process, read_text_if_present, shell_script

_START = "start"
_MAIN_FILES = ("server.js", "index.js")


def default_processes(
    context: BuildContext, package: PackageJson, manager: Manager, names: Collection[str], rules: Rules
) -> tuple[Process, ...]:
    """Give the web process; none where a Procfile declares a server for the Model Context Protocol, as on Heroku."""
    profile = read_text_if_present(context.app_dir / PROFILE)
    procfile = read_text_if_present(context.app_dir / "Procfile") or ""
    if any(line.startswith("mcp") for line in procfile.splitlines()):
        return ()
    command = _command(package, manager, names, rules)
    return (process("web", "bash", "-c", shell_script(command, profile), default=True),) if command else ()


def _command(package: PackageJson, manager: Manager, names: Collection[str], rules: Rules) -> str:
    start = package.scripts.get(_START, "")
    if start and not {"prestart", "poststart"} & package.scripts.keys():
        return start
    if start:
        return f"{manager} start"
    # Also npm's own rule: 'npm start' without a script starts server.js.
    files = _MAIN_FILES if rules is Rules.CNB else _MAIN_FILES[:1]
    return next((f"node {name}" for name in files if name in names), "")
