"""Runs a classic Heroku buildpack as a cloud native one.

The build, top to bottom, is ``ClassicBuildpack.build``: the classic scripts in the order Heroku runs them, and after
them what they left, put where a launcher and later buildpacks find it. Each wrapped buildpack has an id of its own, so
several of them can build one app in turn.
"""

from __future__ import annotations

from buildpacks.heroku_classic.classic import (
    compile_app,
    detect,
    find_classic,
    open_workbench,
    release_text,
    stack,
)
from buildpacks.heroku_classic.layers.cache import open_cache
from buildpacks.heroku_classic.layers.exports import write_exports
from buildpacks.heroku_classic.layers.profile import write_profile
from buildpacks.heroku_classic.processes import default_processes
from buildpacks.heroku_classic.release import parse_release
from buildpacks.sdk import BuildContext, Buildpack, BuildResult, DetectContext, DetectResult, Failed, Passed


class ClassicBuildpack(Buildpack):
    """Runs the buildpack that lies in ``classic`` beside it."""

    name = "Classic buildpack"

    def detect(self, context: DetectContext) -> DetectResult:
        """Ask the classic ``bin/detect``."""
        detected = detect(context, find_classic(context.buildpack_dir))
        if not detected.matches:
            return Failed(*(detected.lines or ("its bin/detect says no",)))
        return Passed(because=detected.lines[-1] if detected.lines else "its bin/detect says yes")

    def build(self, context: BuildContext) -> BuildResult:
        """Compile, export, release."""
        classic = find_classic(context.buildpack_dir)
        context.output.step(f"Running the classic buildpack {context.descriptor.name} for {stack(context)}")
        with open_workbench(context, classic, open_cache(context)) as bench:
            compile_app(context, bench)
            write_exports(context, bench)
            release = parse_release(release_text(context, bench))
        write_profile(context, release.config_vars)
        if release.addons:
            context.output.step(f"On Heroku, this would add {', '.join(release.addons)}")
        processes = default_processes(release.process_types, context.app_dir)
        for one in processes:
            context.output.step(f"{one.type}: {release.process_types[one.type]}")
        return BuildResult(processes=processes)
