"""The Go buildpack: from a module to its programs, the processes that run them, and the ports they listen on.

The build, top to bottom, is ``GoBuildpack.build``. Everything that can be wrong with the app is looked at first, so
that a build fails early.
"""

from __future__ import annotations

from collections.abc import Callable

from buildpacks.go.detect import check_manager, go_files
from buildpacks.go.environments import ignored_settings
from buildpacks.go.git_credentials import git_settings, hosts
from buildpacks.go.go_mod import FILE, GoMod, parse_go_mod
from buildpacks.go.go_version import VARIABLE, check_needed, choose_version, find_wanted, warn_about
from buildpacks.go.inventory import GoInventory, read_go_inventory
from buildpacks.go.layers.programs import check_bin, hook_environment, install_programs
from buildpacks.go.layers.toolchain import install_go
from buildpacks.go.packages import select_packages
from buildpacks.go.processes import default_processes
from buildpacks.go.report import endpoint_labels, find_services, tell_about_services
from buildpacks.sdk import (
    BuildContext,
    Buildpack,
    BuildResult,
    DetectContext,
    DetectResult,
    Failed,
    Passed,
    Rules,
    Version,
    plan,
    read_rules,
    read_text_if_present,
    run_hook,
)

RULES = "OFFRAMP_GO_RULES"
_PRE_COMPILE, _POST_COMPILE = "bin/go-pre-compile", "bin/go-post-compile"


class GoBuildpack(Buildpack):
    """Builds apps that are Go modules."""

    name = "Go"

    def __init__(self, read_inventory: Callable[[], GoInventory] = read_go_inventory) -> None:
        """Know the releases of Go that ``read_inventory`` gives."""
        self._read_inventory = read_inventory

    def detect(self, context: DetectContext) -> DetectResult:
        """Pass for modules, and for what came before them, so that the build can say how to move."""
        found = go_files(context.app_dir)
        if not found:
            return Failed("no go.mod in the top level directory")
        return Passed(plan(provides=("go",), requires=("go",)), because=f"found {', '.join(found)}")

    def build(self, context: BuildContext) -> BuildResult:
        """Install Go, compile the programs between the app's hooks, and read what they listen on."""
        check_manager(context.app_dir)
        check_bin(context.app_dir)
        mod = parse_go_mod(read_text_if_present(context.app_dir / FILE) or "")
        rules = read_rules(context.user_env, RULES)
        inventory = self._read_inventory()
        version = _choose_version(context, mod, rules, inventory)
        selection = select_packages(context, mod)
        _check_settings(context)

        go = install_go(context, version, inventory)
        run_hook(context, _PRE_COMPILE, hook_environment(context, go))
        installed = install_programs(context, go, mod, selection)
        run_hook(context, _POST_COMPILE, hook_environment(context, go))

        processes = default_processes(installed.names, context.app_dir, rules)
        findings = find_services(context, mod, installed)
        tell_about_services(context, mod, findings, processes)
        return BuildResult(processes=processes, labels=endpoint_labels(findings))


def _choose_version(context: BuildContext, mod: GoMod, rules: Rules, inventory: GoInventory) -> Version:
    wanted = find_wanted(mod, context.user_env.get(VARIABLE, ""))
    version = choose_version(wanted, inventory, rules)
    context.output.step(f"Using Go {version} ({wanted.origin})")
    warn_about(wanted, version, mod, context.output)
    check_needed(mod, version, wanted)
    return version


def _check_settings(context: BuildContext) -> None:
    ignored = ignored_settings(context.user_env)
    if ignored:
        context.output.warning(
            f"Ignoring {', '.join(ignored)}", "This build decides which Go is used and where it works."
        )
    if git_settings(context.user_env):
        context.output.step(f"Using the credentials for {', '.join(hosts(context.user_env))} for Git")
