"""The layer with what ``export`` sets: only later buildpacks of the same build see it."""

from __future__ import annotations

from buildpacks.heroku_classic.classic import Workbench
from buildpacks.heroku_classic.exported import exported_environment
from buildpacks.sdk import BuildContext, LayerTypes

_TYPES = LayerTypes(build=True)


def write_exports(context: BuildContext, bench: Workbench) -> None:
    """Write the layer, if the buildpack exports something."""
    env = exported_environment(context, bench)
    if env is None or not env.changes:
        return
    names = ", ".join(scoped.change.name for scoped in env.changes)
    context.output.step(f"Exporting {names} to the buildpacks after this one")
    context.layer("exports", types=_TYPES).env = env
