"""The package's build hook: a wheel carries the compiled launcher of every architecture as package data."""

from __future__ import annotations

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LauncherBuildHook(BuildHookInterface[Any]):
    """Compile the launchers before the files of a wheel are collected; a source distribution holds none.

    An editable install finds them in the source tree, where they are compiled to; a normal wheel has to be told about
    them, because git ignores them and hatchling leaves out what git ignores.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile for every architecture, and include the results in any but an editable wheel."""
        if self.target_name != "wheel":
            return
        sys.path.insert(0, self.root)
        try:
            from lifecycle_py.launcher import ARCHITECTURES, binary_path
            from lifecycle_py.launcher.build import compile_launcher
        finally:
            sys.path.remove(self.root)

        for arch in ARCHITECTURES:
            binary = binary_path(arch)
            compile_launcher(arch, binary, report=self.app.display_info)
            if version != "editable":
                build_data["force_include"][str(binary)] = f"lifecycle_py/launcher/bin/linux-{arch}/launcher"
