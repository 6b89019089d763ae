"""Which files make an app a Node.js app, and when it is only there for another buildpack's sake. Pure."""

from __future__ import annotations

from collections.abc import Collection

from buildpacks.nodejs.package_json import PACKAGE_JSON
from buildpacks.sdk import DetectResult, Passed, Rules, plan

_FILES_OF_THE_NEWER = (PACKAGE_JSON, "server.js", "index.js")


def detect_node(names: Collection[str], rules: Rules) -> DetectResult:
    """Offer Node.js to others in any case, and ask for it for an app that has packages.

    Without a package.json it takes part only where another buildpack requires ``node``.
    """
    wanted = _FILES_OF_THE_NEWER if rules is Rules.CNB else (PACKAGE_JSON,)
    found = [name for name in wanted if name in names]
    if found:
        return Passed(plan(provides=("node",), requires=("node",)), because=f"found {', '.join(found)}")
    return Passed(plan(provides=("node",)), because="no package.json, but another buildpack may want Node.js")
