"""The Node.js buildpack: from package.json to Node.js, its packages, and what its scripts build.

The build, top to bottom, is ``NodejsBuildpack.build``. What can be wrong with the app's files is looked at first.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from buildpacks.nodejs.detect import detect_node
from buildpacks.nodejs.environments import launch_environment, memory_program, tool_environment
from buildpacks.nodejs.inventory import NodeInventory, read_node_inventory
from buildpacks.nodejs.layers.node import InstalledNode, install_node
from buildpacks.nodejs.layers.packages import changes_to, install_packages, open_downloads, prune_packages
from buildpacks.nodejs.layers.tools import ChosenTools, choose_tools, install_tools
from buildpacks.nodejs.lock_files import LockFile, find_lock_file
from buildpacks.nodejs.node_version import choose_node, version_warnings
from buildpacks.nodejs.package_json import PACKAGE_JSON, PackageJson, parse_package_json
from buildpacks.nodejs.processes import default_processes
from buildpacks.nodejs.requirements import Wishes, read_wishes
from buildpacks.nodejs.scripts import CLEANUP, PREBUILD, build_scripts, run_script
from buildpacks.sdk import (
    BuildContext,
    Buildpack,
    BuildResult,
    DetectContext,
    DetectResult,
    Rules,
    names_in,
    read_rules,
    read_text_if_present,
)

SETTING = "OFFRAMP_NODEJS_RULES"


class NodejsBuildpack(Buildpack):
    """Builds apps that use npm, Yarn or pnpm, and brings Node.js to others."""

    name = "Node.js"

    def __init__(
        self,
        read_inventory: Callable[[], NodeInventory] = read_node_inventory,
        today: Callable[[], date] = date.today,
    ) -> None:
        """Choose from the releases that ``read_inventory`` gives; ``today`` decides about warnings only."""
        self._read_inventory = read_inventory
        self._today = today

    def detect(self, context: DetectContext) -> DetectResult:
        """Pass for a package.json, and offer Node.js to other buildpacks."""
        return detect_node(names_in(context.app_dir), read_rules(context.user_env, SETTING))

    def build(self, context: BuildContext) -> BuildResult:
        """Install Node.js and the packages, and run the app's scripts around it."""
        rules = read_rules(context.user_env, SETTING)
        names = names_in(context.app_dir)
        text = read_text_if_present(context.app_dir / PACKAGE_JSON)
        package = parse_package_json(text) if text is not None else PackageJson()
        lock = find_lock_file(names, package)
        inventory = self._read_inventory()
        wishes = read_wishes(context)

        node = self._install_node(context, package, inventory)
        if wishes.web:  # as many processes as fit is a rule for Node.js; those of another language are larger
            node.layer.add_exec_d("web-memory", memory_program())
        chosen = choose_tools(context, package, lock.manager, node.version, inventory)
        install_tools(context, chosen)
        if text is not None:
            _build_app(context, package, lock, (node, chosen), wishes, rules)

        web = default_processes(context, package, lock.manager, names, rules) if wishes.web else ()
        return BuildResult(processes=web, store=chosen.asked)

    def _install_node(self, context: BuildContext, package: PackageJson, inventory: NodeInventory) -> InstalledNode:
        chosen = choose_node(package.engines.get("node", ""), inventory, context.target.arch)
        context.output.step(f"Using Node.js {chosen.version} ({chosen.origin})")
        if chosen.instead_of:
            newer = chosen.instead_of.partition(".")[0]
            context.output.warning(
                f"The range would allow Node.js {chosen.instead_of}, which is newer than the recommended line",
                f'Ask for a line: "{chosen.version.numbers[0]}.x" is the one used, "{newer}.x" the newer one.',
            )
        for what, advice in version_warnings(chosen.version, inventory, self._today()):
            context.output.warning(what, advice)
        node = install_node(context, chosen, inventory)
        node.layer.env = launch_environment(context.app_dir, node.layer.env)
        return node


def _build_app(
    context: BuildContext,
    package: PackageJson,
    lock: LockFile,
    installed: tuple[InstalledNode, ChosenTools],
    wishes: Wishes,
    rules: Rules,
) -> None:
    node, chosen = installed
    layers = (node.layer, *(layer for layer in (context.find_layer("tools"),) if layer))
    environment = tool_environment(context, layers, open_downloads(context, chosen))
    if PREBUILD in package.scripts:
        run_script(context, lock.manager, PREBUILD, environment)
    packages = install_packages(context, package, lock, node, chosen, environment)
    with changes_to(packages):  # a generator of database clients, for one, writes into its own package
        for script in build_scripts(package, rules):
            run_script(context, lock.manager, script, environment)
    prune_packages(context, package, chosen, packages, because_not=wishes.keeps)
    if CLEANUP in package.scripts:
        run_script(context, lock.manager, CLEANUP, environment)
