"""The Python buildpack: from an app's files to Python, its dependencies, and the environment Heroku apps expect.

The build, top to bottom, is ``PythonBuildpack.build``. Everything that can be wrong with the app is looked at first,
so that a build fails early.
"""

from __future__ import annotations

from collections.abc import Callable

from buildpacks.python.checks import check_app
from buildpacks.python.detect import python_files
from buildpacks.python.django import collect_static
from buildpacks.python.launch_environment import add_launch_environment
from buildpacks.python.layers.dependencies import install_dependencies
from buildpacks.python.layers.python import install_python
from buildpacks.python.managed_python import remember_version
from buildpacks.python.package_manager import determine_package_manager
from buildpacks.python.python_version import request_version
from buildpacks.python.stack_python import StackPython, find_stack_python
from buildpacks.sdk import (
    BuildContext,
    Buildpack,
    BuildResult,
    DetectContext,
    DetectResult,
    Failed,
    Passed,
    names_in,
    plan,
)


class PythonBuildpack(Buildpack):
    """Builds apps that use pip or uv."""

    name = "Python"

    def __init__(self, find_python: Callable[[], StackPython] = find_stack_python) -> None:
        """Use the Python that ``find_python`` describes as the stack's own."""
        self._find_python = find_python

    def detect(self, context: DetectContext) -> DetectResult:
        """Pass for anything that looks like Python, so that the build can say precisely what is missing."""
        found = python_files(names_in(context.app_dir))
        if not found:
            return Failed(
                "no requirements.txt, uv.lock, pyproject.toml, manage.py or other file of a Python app"
                " in the top level directory"
            )
        return Passed(plan(provides=("python",), requires=("python",)), because=f"found {', '.join(found)}")

    def build(self, context: BuildContext) -> BuildResult:
        """Install Python, then the dependencies, then collect Django's static files."""
        check_app(context.app_dir)
        manager = determine_package_manager(context.app_dir)
        request = request_version(context, manager)

        python = install_python(context, request, self._find_python())
        dependencies = install_dependencies(context, manager, python)
        add_launch_environment(python.layer, context.app_dir)
        collect_static(context, python, dependencies)

        memory = remember_version(context, request, python.version) if python.is_managed else None
        return BuildResult(store=memory)
