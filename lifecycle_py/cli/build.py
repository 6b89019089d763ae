"""The builder as a program."""

from __future__ import annotations

from lifecycle_py.builder import build
from lifecycle_py.cli.invocation import Invocation
from lifecycle_py.cli.privileges import refuse_root
from lifecycle_py.cli.shared import read_analyzed
from lifecycle_py.environment import inherited
from lifecycle_py.in_place import InPlaceSession
from lifecycle_py.run_buildpack import open_runner
from lifecycle_py.spec.group_toml import Group
from lifecycle_py.spec.plan_toml import Plan
from lifecycle_py.spec.toml_file import read_toml


def run(call: Invocation) -> None:
    """Build, and write ``config/metadata.toml``."""
    call.take_no_arguments()
    refuse_root(call.phase)
    group = Group.from_toml(read_toml(call.arguments.path("group")))
    plan = Plan.from_toml(read_toml(call.arguments.path("plan")))
    with call.directories() as directories:
        target = call.target(read_analyzed(call).run_image.target)
        runner = open_runner(InPlaceSession(), directories, target, inherited(call.session_env()))
        build(group, plan, runner, call.reporter)
