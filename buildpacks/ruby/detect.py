"""Which files make an app a Ruby app."""

from __future__ import annotations

from collections.abc import Collection

from buildpacks.ruby.gemfile_lock import GEMFILE, GEMFILE_LOCK
from buildpacks.sdk import BuildPlan, DetectResult, Failed, Passed, Require, plan

_OF_NODE = ("package.json", "yarn.lock")


def detect_ruby(names: Collection[str]) -> DetectResult:
    """Pass for a Gemfile or its lock file; ask for Node.js where there are packages of Node for the assets.

    Heroku's newer pack asks for it in the same cases. Development dependencies stay, since they compile the assets,
    and Node.js starts no process of its own.
    """
    found = [name for name in (GEMFILE, GEMFILE_LOCK) if name in names]
    if not found:
        return Failed("no Gemfile in the top level directory")
    packages = [name for name in _OF_NODE if name in names]
    return Passed(_plan(with_node=bool(packages)), because=f"found {', '.join([*found, *packages])}")


def _plan(*, with_node: bool) -> BuildPlan:
    node = (Require(name="node", metadata={"skip_pruning": True, "web": False}),) if with_node else ()
    return plan(provides=("ruby",), requires=("ruby", *node))
