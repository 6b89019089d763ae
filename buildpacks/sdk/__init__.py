"""The SDK: what a buildpack in Python is written with. It imports the standard library and ``lifecycle_py.spec`` only.

A buildpack imports names from here and from nowhere else. Each is loaded when it is first asked for, so that a
detection pays for what it uses: starting the program is most of what detection costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from buildpacks.sdk.archives import unpack as unpack
    from buildpacks.sdk.buildpack import (
        Buildpack as Buildpack,
    )
    from buildpacks.sdk.buildpack import (
        BuildResult as BuildResult,
    )
    from buildpacks.sdk.buildpack import (
        DetectResult as DetectResult,
    )
    from buildpacks.sdk.buildpack import (
        Failed as Failed,
    )
    from buildpacks.sdk.buildpack import (
        Passed as Passed,
    )
    from buildpacks.sdk.buildpack import (
        either as either,
    )
    from buildpacks.sdk.buildpack import (
        plan as plan,
    )
    from buildpacks.sdk.buildpack import (
        process as process,
    )
    from buildpacks.sdk.commands import Command as Command
    from buildpacks.sdk.commands import run_program as run_program
    from buildpacks.sdk.container_memory import CGROUPS as CGROUPS
    from buildpacks.sdk.container_memory import memory_script as memory_script
    from buildpacks.sdk.context import BuildContext as BuildContext
    from buildpacks.sdk.context import DetectContext as DetectContext
    from buildpacks.sdk.downloads import download as download
    from buildpacks.sdk.downloads import download_checked as download_checked
    from buildpacks.sdk.downloads import fetch as fetch
    from buildpacks.sdk.downloads import with_mirror as with_mirror
    from buildpacks.sdk.environment import Environment as Environment
    from buildpacks.sdk.environment import LayerEnv as LayerEnv
    from buildpacks.sdk.environment import Scope as Scope
    from buildpacks.sdk.errors import (
        ChecksumMismatchError as ChecksumMismatchError,
    )
    from buildpacks.sdk.errors import (
        CommandFailedError as CommandFailedError,
    )
    from buildpacks.sdk.errors import (
        CommandNotFoundError as CommandNotFoundError,
    )
    from buildpacks.sdk.errors import (
        DownloadFailedError as DownloadFailedError,
    )
    from buildpacks.sdk.errors import (
        DownloadNotFoundError as DownloadNotFoundError,
    )
    from buildpacks.sdk.errors import (
        ExplainedError as ExplainedError,
    )
    from buildpacks.sdk.errors import (
        Explanation as Explanation,
    )
    from buildpacks.sdk.errors import (
        FileUnreadableError as FileUnreadableError,
    )
    from buildpacks.sdk.errors import (
        HookFailedError as HookFailedError,
    )
    from buildpacks.sdk.errors import (
        Source as Source,
    )
    from buildpacks.sdk.errors import (
        UnknownRulesError as UnknownRulesError,
    )
    from buildpacks.sdk.errors import (
        UnsafeArchiveError as UnsafeArchiveError,
    )
    from buildpacks.sdk.errors import (
        VersionNotFoundError as VersionNotFoundError,
    )
    from buildpacks.sdk.errors import (
        VersionSyntaxError as VersionSyntaxError,
    )
    from buildpacks.sdk.files import (
        names_in as names_in,
    )
    from buildpacks.sdk.files import (
        read_bytes_if_present as read_bytes_if_present,
    )
    from buildpacks.sdk.files import (
        read_text_if_present as read_text_if_present,
    )
    from buildpacks.sdk.files import (
        sha256_of as sha256_of,
    )
    from buildpacks.sdk.hooks import run_hook as run_hook
    from buildpacks.sdk.inventory import Artifact as Artifact
    from buildpacks.sdk.inventory import Inventory as Inventory
    from buildpacks.sdk.inventory import read_inventory as read_inventory
    from buildpacks.sdk.layers import (
        Empty as Empty,
    )
    from buildpacks.sdk.layers import (
        Layer as Layer,
    )
    from buildpacks.sdk.layers import (
        LayerState as LayerState,
    )
    from buildpacks.sdk.layers import (
        Outdated as Outdated,
    )
    from buildpacks.sdk.layers import (
        Restored as Restored,
    )
    from buildpacks.sdk.layers import (
        changed as changed,
    )
    from buildpacks.sdk.layers import (
        shown as shown,
    )
    from buildpacks.sdk.main import run_buildpack as run_buildpack
    from buildpacks.sdk.output import Output as Output
    from buildpacks.sdk.profile_scripts import PROFILE_D as PROFILE_D
    from buildpacks.sdk.profile_scripts import has_profile_scripts as has_profile_scripts
    from buildpacks.sdk.profile_scripts import profile_program as profile_program
    from buildpacks.sdk.rules import Rules as Rules
    from buildpacks.sdk.rules import read_rules as read_rules
    from buildpacks.sdk.sbom import CYCLONEDX as CYCLONEDX
    from buildpacks.sdk.sbom import Component as Component
    from buildpacks.sdk.sbom import cyclonedx as cyclonedx
    from buildpacks.sdk.shell import PROFILE as PROFILE
    from buildpacks.sdk.shell import shell_script as shell_script
    from buildpacks.sdk.versions import (
        Version as Version,
    )
    from buildpacks.sdk.versions import (
        VersionRequest as VersionRequest,
    )
    from buildpacks.sdk.versions import (
        nearest_versions as nearest_versions,
    )
    from buildpacks.sdk.versions import (
        parse_request as parse_request,
    )
    from buildpacks.sdk.versions import (
        parse_version as parse_version,
    )
    from lifecycle_py.spec.build_plan import BuildPlan as BuildPlan
    from lifecycle_py.spec.build_plan import Require as Require
    from lifecycle_py.spec.errors import nearest as nearest
    from lifecycle_py.spec.launch_toml import Label as Label
    from lifecycle_py.spec.launch_toml import Process as Process
    from lifecycle_py.spec.launch_toml import Slice as Slice
    from lifecycle_py.spec.layer_toml import LayerTypes as LayerTypes
    from lifecycle_py.spec.targets import Target as Target
    from lifecycle_py.spec.toml_file import Table as Table
    from lifecycle_py.spec.toml_file import TomlTable as TomlTable
    from lifecycle_py.spec.toml_file import parse_toml as parse_toml
    from lifecycle_py.spec.toml_file import read_toml as read_toml
    from lifecycle_py.spec.toml_file import read_toml_if_present as read_toml_if_present

_HOMES = {
    "buildpacks.sdk.archives": ("unpack",),
    "buildpacks.sdk.buildpack": (
        "BuildResult",
        "Buildpack",
        "DetectResult",
        "Failed",
        "Passed",
        "either",
        "plan",
        "process",
    ),
    "buildpacks.sdk.commands": (
        "Command",
        "run_program",
    ),
    "buildpacks.sdk.container_memory": (
        "CGROUPS",
        "memory_script",
    ),
    "buildpacks.sdk.context": (
        "BuildContext",
        "DetectContext",
    ),
    "buildpacks.sdk.downloads": (
        "download",
        "download_checked",
        "fetch",
        "with_mirror",
    ),
    "buildpacks.sdk.environment": (
        "Environment",
        "LayerEnv",
        "Scope",
    ),
    "buildpacks.sdk.errors": (
        "ChecksumMismatchError",
        "CommandFailedError",
        "CommandNotFoundError",
        "DownloadFailedError",
        "DownloadNotFoundError",
        "ExplainedError",
        "Explanation",
        "FileUnreadableError",
        "HookFailedError",
        "Source",
        "UnknownRulesError",
        "UnsafeArchiveError",
        "VersionNotFoundError",
        "VersionSyntaxError",
    ),
    "buildpacks.sdk.files": (
        "names_in",
        "read_bytes_if_present",
        "read_text_if_present",
        "sha256_of",
    ),
    "buildpacks.sdk.hooks": ("run_hook",),
    "buildpacks.sdk.inventory": (
        "Artifact",
        "Inventory",
        "read_inventory",
    ),
    "buildpacks.sdk.layers": (
        "Empty",
        "Layer",
        "LayerState",
        "Outdated",
        "Restored",
        "changed",
        "shown",
    ),
    "buildpacks.sdk.main": ("run_buildpack",),
    "buildpacks.sdk.output": ("Output",),
    "buildpacks.sdk.profile_scripts": (
        "PROFILE_D",
        "has_profile_scripts",
        "profile_program",
    ),
    "buildpacks.sdk.rules": (
        "Rules",
        "read_rules",
    ),
    "buildpacks.sdk.sbom": (
        "CYCLONEDX",
        "Component",
        "cyclonedx",
    ),
    "buildpacks.sdk.shell": (
        "PROFILE",
        "shell_script",
    ),
    "buildpacks.sdk.versions": (
        "Version",
        "VersionRequest",
        "nearest_versions",
        "parse_request",
        "parse_version",
    ),
    "lifecycle_py.spec.build_plan": (
        "BuildPlan",
        "Require",
    ),
    "lifecycle_py.spec.errors": ("nearest",),
    "lifecycle_py.spec.launch_toml": (
        "Label",
        "Process",
        "Slice",
    ),
    "lifecycle_py.spec.layer_toml": ("LayerTypes",),
    "lifecycle_py.spec.targets": ("Target",),
    "lifecycle_py.spec.toml_file": (
        "Table",
        "TomlTable",
        "read_toml_if_present",
        "parse_toml",
        "read_toml",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME_OF)  # noqa: PLE0605 - computed on purpose: one list, checked by a test


def __getattr__(name: str) -> object:
    """Load a name from the module that has it (PEP 562)."""
    if name not in _HOME_OF:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(_HOME_OF[name]), name)
