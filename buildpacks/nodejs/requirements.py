"""What other buildpacks want of Node.js, as their requirements say: packages for development, no process."""

from __future__ import annotations

from dataclasses import dataclass

from buildpacks.sdk import BuildContext, read_toml_if_present


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """``keeps`` says why packages for development stay, or is empty; ``web`` is whether Node.js runs the app."""

    keeps: str = ""
    web: bool = True


def read_wishes(context: BuildContext) -> Wishes:
    """Read the requirements for ``node``, the app's project.toml, and Heroku's settings that keep all packages.

    A requirement's metadata may have ``skip_pruning = true`` and ``web = false``.
    """
    facts = [entry.metadata for entry in context.plan.entries if entry.name == "node"]
    keeps = ""
    if any(one.get("skip_pruning") is True for one in facts):
        keeps = "as another buildpack builds with them after this one"
    elif _keeps_by_setting(context):
        keeps = "as a setting says"
    return Wishes(keeps=keeps, web=all(one.get("web") is not False for one in facts))


def _keeps_by_setting(context: BuildContext) -> bool:
    if context.user_env.get("YARN2_SKIP_PRUNING", "") == "true":
        return True
    if any(context.user_env.get(name, "") == "false" for name in ("NPM_CONFIG_PRODUCTION", "YARN_PRODUCTION")):
        return True
    table = read_toml_if_present(context.app_dir / "project.toml").data
    for name in ("com", "heroku", "buildpacks", "nodejs", "actions"):
        table = table.get(name, {}) if isinstance(table, dict) else {}
    return isinstance(table, dict) and table.get("prune_dev_dependencies") is False
