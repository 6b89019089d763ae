"""Which files make an app a Ruby app."""

from __future__ import annotations

from collections.abc import Collection

from buildpacks.ruby.gemfile_lock import GEMFILE, GEMFILE_LOCK, GemfileLock
from buildpacks.sdk import BuildPlan, DetectResult, Failed, Passed, Require, either, plan

_OF_NODE = ("package.json", "yarn.lock")
_RUN_JAVASCRIPT = ("execjs", "webpacker")


def detect_ruby(names: Collection[str], lock: GemfileLock) -> DetectResult:
    """Pass for a Gemfile or its lock file; ask for Node.js where the assets need it.

    Packages of Node.js ask for it, as in Heroku's newer pack. A gem that runs JavaScript takes it where the builder has
    it, since Heroku's classic pack installs one then. Development dependencies stay, as they compile the assets, and
    Node.js starts no process of its own.
    """
    found = [name for name in (GEMFILE, GEMFILE_LOCK) if name in names]
    if not found:
        return Failed("no Gemfile in the top level directory")
    packages = [name for name in _OF_NODE if name in names]
    gems = [f"the gem {name}" for name in _RUN_JAVASCRIPT if lock.has(name)]
    if packages:
        chosen = _plan(with_node=True)
    elif gems:
        chosen = either(_plan(with_node=True), _plan(with_node=False))
    else:
        chosen = _plan(with_node=False)
    return Passed(chosen, because=f"found {', '.join([*found, *packages, *gems])}")


def _plan(*, with_node: bool) -> BuildPlan:
    node = (Require(name="node", metadata={"skip_pruning": True, "web": False}),) if with_node else ()
    return plan(provides=("ruby",), requires=("ruby", *node))
