"""Every flag of every phase as the specification has it: its variable, its default, and since which Platform API. Data.

Facts: reference/cnb.md §b.2. ``phases`` names the phases that take a flag; ``restore@0.12`` takes it since Platform
API 0.12, ``analyze<0.12`` before it.
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.api_versions import ApiVersion

PHASES = ("analyze", "detect", "restore", "extend", "build", "export", "create", "rebase")
_ALL = " ".join(PHASES)


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag: its name, its phases, its variable, its default. ``{layers}`` stands for the layers directory."""

    name: str
    phases: str
    variable: str = ""
    default: str = ""
    boolean: bool = False
    repeated: bool = False

    def taken_by(self, phase: str, api: ApiVersion) -> bool:
        """Tell whether a phase takes the flag under a Platform API."""
        for entry in self.phases.split():
            name, _, since = entry.partition("@")
            name, _, until = name.partition("<")
            if name == phase:
                return (not since or api >= _version(since)) and (not until or api < _version(until))
        return False


FLAGS = (
    Flag("analyzed", "analyze detect@0.10 restore extend build export", "CNB_ANALYZED_PATH", "{layers}/analyzed.toml"),
    Flag("app", "detect extend build export create", "CNB_APP_DIR", "/workspace"),
    Flag(
        "build-config",
        "detect@0.11 extend@0.11 build@0.11 create@0.11",
        "CNB_BUILD_CONFIG_DIR",
        "/cnb/build-config",
    ),
    Flag("build-image", "restore@0.10", "CNB_BUILD_IMAGE"),
    Flag("buildpacks", "detect extend build create", "CNB_BUILDPACKS_DIR", "/cnb/buildpacks"),
    Flag("cache-dir", "restore export create", "CNB_CACHE_DIR"),
    Flag("cache-image", "analyze restore export create", "CNB_CACHE_IMAGE"),
    Flag("daemon", "analyze restore@0.12 export create rebase", "CNB_USE_DAEMON", boolean=True),
    Flag("extended", "extend@0.12 export@0.12", "CNB_EXTENDED_DIR", "{layers}/extended"),
    Flag("extensions", "detect@0.10", "CNB_EXTENSIONS_DIR", "/cnb/extensions"),
    Flag("force", "rebase@0.12", "CNB_FORCE_REBASE", boolean=True),
    Flag("generated", "detect@0.10 extend@0.10 restore@0.12", "CNB_GENERATED_DIR", "{layers}/generated"),
    Flag("gid", "analyze restore extend export create rebase", "CNB_GROUP_ID", "0"),
    Flag("group", "detect restore extend build export", "CNB_GROUP_PATH", "{layers}/group.toml"),
    Flag("image", "export create rebase"),
    Flag(
        "insecure-registry",
        "analyze@0.13 restore@0.13 export@0.13 create@0.13 rebase@0.13",
        "CNB_INSECURE_REGISTRIES",
        repeated=True,
    ),
    Flag("kaniko-cache-ttl", "extend", "CNB_KANIKO_CACHE_TTL", "336h"),
    Flag("kind", "extend@0.12", "CNB_EXTEND_KIND", "build"),
    Flag("launch-cache", "analyze@0.9 export create", "CNB_LAUNCH_CACHE_DIR"),
    Flag("launcher", "export create", "", "/cnb/lifecycle/launcher"),
    Flag("launcher-sbom", "export@0.11 create@0.11", "", "/cnb/lifecycle"),
    Flag("layers", "analyze detect restore extend build export create", "CNB_LAYERS_DIR", "/layers"),
    Flag("layout", "analyze@0.12 restore@0.12 export@0.12 create@0.12", "CNB_USE_LAYOUT", boolean=True),
    Flag("layout-dir", "analyze@0.12 restore@0.12 export@0.12 create@0.12", "CNB_LAYOUT_DIR"),
    Flag("log-level", _ALL, "CNB_LOG_LEVEL", "info"),
    Flag("no-color", _ALL, "CNB_NO_COLOR", boolean=True),
    Flag("order", "detect create", "CNB_ORDER_PATH"),
    Flag("parallel", "export create", "CNB_PARALLEL_EXPORT", boolean=True),
    Flag("plan", "detect extend build", "CNB_PLAN_PATH", "{layers}/plan.toml"),
    Flag("platform", "detect extend build create", "CNB_PLATFORM_DIR", "/platform"),
    Flag("previous-image", "analyze create rebase@0.11", "CNB_PREVIOUS_IMAGE"),
    Flag("process-type", "export create", "CNB_PROCESS_TYPE"),
    Flag("project-metadata", "export create", "CNB_PROJECT_METADATA_PATH", "{layers}/project-metadata.toml"),
    Flag("report", "export create", "CNB_REPORT_PATH", "{layers}/report.toml"),
    Flag("report", "rebase", "CNB_REPORT_PATH", "report.toml"),
    Flag("run", "analyze@0.12 detect@0.12 export@0.12 create@0.12 restore@0.14", "CNB_RUN_PATH", "/cnb/run.toml"),
    Flag("run-image", "analyze create rebase export", "CNB_RUN_IMAGE"),
    Flag("skip-layers", "analyze@0.9 restore", "CNB_SKIP_LAYERS", boolean=True),
    Flag("skip-restore", "create", "CNB_SKIP_RESTORE", boolean=True),
    Flag("stack", "analyze<0.12 export<0.12 create", "CNB_STACK_PATH", "/cnb/stack.toml"),
    Flag("system", "detect@0.15 create@0.15", "CNB_SYSTEM_PATH", "/cnb/system.toml"),
    Flag("tag", "analyze create", repeated=True),
    Flag("uid", "analyze restore extend export create rebase", "CNB_USER_ID", "0"),
)


def flags_of(phase: str, api: ApiVersion) -> tuple[Flag, ...]:
    """Give the flags a phase takes under a Platform API."""
    return tuple(flag for flag in FLAGS if flag.taken_by(phase, api))


def _version(text: str) -> ApiVersion:
    major, _, minor = text.partition(".")
    return ApiVersion(int(major), int(minor))
