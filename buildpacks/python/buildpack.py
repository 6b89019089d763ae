"""The Python buildpack: from an app's files to Python, its dependencies, and the environment Heroku apps expect.

The build, top to bottom, is ``PythonBuildpack.build``. Everything that can be wrong with the app is looked at first,
so that a build fails early.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from buildpacks.python.checks import check_app
from buildpacks.python.detect import python_files
from buildpacks.python.django import collect_static
from buildpacks.python.environments import app_environment
from buildpacks.python.hooks import POST_COMPILE, PRE_COMPILE, has_hook, run_app_hook
from buildpacks.python.launch_environment import add_launch_environment
from buildpacks.python.layers.dependencies import install_dependencies, list_dependencies, manager_of
from buildpacks.python.layers.nltk import install_nltk_data
from buildpacks.python.layers.python import install_python
from buildpacks.python.managed_python import remember_version
from buildpacks.python.package_manager import determine_package_manager
from buildpacks.python.python_version import remember_line, request_version
from buildpacks.python.releases import warn_about_version
from buildpacks.python.rules import choose_rules
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
    """Builds apps that use pip, Pipenv, Poetry or uv."""

    name = "Python"

    def __init__(
        self, find_python: Callable[[], StackPython] = find_stack_python, today: Callable[[], date] = date.today
    ) -> None:
        """Use the Python that ``find_python`` describes as the stack's own; ``today`` decides about warnings only."""
        self._find_python = find_python
        self._today = today

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
        """Install Python, then the dependencies, then what Django and NLTK need; the app's hooks run around it."""
        rules = choose_rules(context)
        check_app(context.app_dir)
        run_app_hook(context, PRE_COMPILE, rules, app_environment(context))
        kind = determine_package_manager(context.app_dir)
        request = request_version(context, kind, rules)

        python = install_python(context, request, self._find_python())
        warn_about_version(context, python.version, is_exact=request.is_exact, today=self._today())
        dependencies = install_dependencies(context, kind, python)
        add_launch_environment(python.layer, context.app_dir)

        programs = manager_of(kind).prepare(context, python) if has_hook(context, POST_COMPILE) else None
        environment = app_environment(context, (python.layer, dependencies.layer), programs)
        environment = install_nltk_data(context, rules, dependencies, environment)
        collect_static(context, rules, dependencies, environment)
        run_app_hook(context, POST_COMPILE, rules, environment)
        list_dependencies(dependencies)

        memory = remember_version(context, request, python.version) if python.is_managed else {}
        return BuildResult(store={**memory, **remember_line(python.version)})
