"""Each phase program: its flags to inputs, then the phase's function."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from lifecycle_py.builder import build
from lifecycle_py.caches.directory_cache import DirectoryCache
from lifecycle_py.cli.flags import Arguments, Flag, parse_arguments
from lifecycle_py.cli.output import LogReporter
from lifecycle_py.creator import CreateInputs, CreatePorts, create
from lifecycle_py.detector import detect
from lifecycle_py.environment import inherited
from lifecycle_py.errors import InvalidArgumentError
from lifecycle_py.exporter import ExportInputs
from lifecycle_py.in_place import InPlaceSession
from lifecycle_py.inputs import BuildTarget, BuildUser, Directories
from lifecycle_py.launcher import LAUNCHER_VERSION
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.run_buildpack import BuildpackRunner, open_runner
from lifecycle_py.session import Place
from lifecycle_py.spec.group_toml import Group
from lifecycle_py.spec.order_toml import Order
from lifecycle_py.spec.plan_toml import Plan
from lifecycle_py.spec.project_metadata_toml import ProjectMetadata
from lifecycle_py.spec.targets import Target
from lifecycle_py.spec.toml_file import read_toml, read_toml_if_present

_DIRECTORIES = (
    Flag("app", "CNB_APP_DIR", "/workspace"),
    Flag("layers", "CNB_LAYERS_DIR", "/layers"),
    Flag("platform", "CNB_PLATFORM_DIR", "/platform"),
    Flag("buildpacks", "CNB_BUILDPACKS_DIR", "/cnb/buildpacks"),
    Flag("build-config", "CNB_BUILD_CONFIG_DIR", "/cnb/build-config"),
    Flag("log-level", "CNB_LOG_LEVEL", "info"),
    Flag("no-color", "CNB_NO_COLOR", boolean=True),
)
_ORDER = Flag("order", "CNB_ORDER_PATH", "/cnb/order.toml")
_GROUP = Flag("group", "CNB_GROUP_PATH", "{layers}/group.toml")
_PLAN = Flag("plan", "CNB_PLAN_PATH", "{layers}/plan.toml")
_CREATE = (
    Flag("cache-dir", "CNB_CACHE_DIR"),
    Flag("gid", "CNB_GROUP_ID", "0"),
    Flag("uid", "CNB_USER_ID", "0"),
    Flag("launcher", "", "/cnb/lifecycle/launcher"),
    Flag("layout", "CNB_USE_LAYOUT", boolean=True),
    Flag("layout-dir", "CNB_LAYOUT_DIR"),
    Flag("process-type", "CNB_PROCESS_TYPE"),
    Flag("project-metadata", "CNB_PROJECT_METADATA_PATH", "{layers}/project-metadata.toml"),
    Flag("run-image", "CNB_RUN_IMAGE"),
    Flag("skip-restore", "CNB_SKIP_RESTORE", boolean=True),
    Flag("tag", repeated=True),
)


def detect_phase(arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Run ``detect`` in place."""
    parsed = _parse(arguments, (*_DIRECTORIES, _ORDER, _GROUP, _PLAN), environ, positional=0)
    order = Order.from_toml(read_toml(Path(parsed.text("order"))))
    detect(order, _runner(parsed, environ), LogReporter())


def build_phase(arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Run ``build`` in place."""
    parsed = _parse(arguments, (*_DIRECTORIES, _GROUP, _PLAN), environ, positional=0)
    group = Group.from_toml(read_toml(Path(parsed.text("group"))))
    plan = Plan.from_toml(read_toml(Path(parsed.text("plan"))))
    build(group, plan, _runner(parsed, environ), LogReporter())


def create_phase(arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Run all phases in place, over an OCI layout."""
    parsed = _parse(arguments, (*_DIRECTORIES, _ORDER, *_CREATE), environ, positional=1)
    if not parsed.boolean("layout") or not parsed.text("layout-dir"):
        raise InvalidArgumentError(problem="images are kept in an OCI layout: give -layout and -layout-dir")
    if not parsed.text("run-image"):
        raise InvalidArgumentError(problem="-run-image is required")
    store = LayoutStore(Path(parsed.text("layout-dir")))
    cache_dir = parsed.text("cache-dir")
    metadata = read_toml_if_present(Path(parsed.text("project-metadata")))
    epoch = environ.get("SOURCE_DATE_EPOCH", "")
    inputs = CreateInputs(
        directories=_directories(parsed),
        order=Order.from_toml(read_toml(Path(parsed.text("order")))),
        run_image=parsed.text("run-image"),
        export=ExportInputs(
            references=(*parsed.positional, *parsed.lists["tag"]),
            launcher=Path(parsed.text("launcher")),
            launcher_version=LAUNCHER_VERSION,
            user=BuildUser(inside=Owner(_number(parsed, "uid"), _number(parsed, "gid"))),
            default_process=parsed.text("process-type"),
            exec_env=environ.get("CNB_EXEC_ENV") or "production",
            project=ProjectMetadata.from_toml(metadata),
            source_date_epoch=int(epoch) if epoch.isdecimal() else None,
        ),
        session_env=_environment(environ),
    )
    ports = CreatePorts(
        session=InPlaceSession(),
        store=store,
        run_image_store=store,
        blobs=store.blobs,
        cache=DirectoryCache(Path(cache_dir)) if cache_dir and not parsed.boolean("skip-restore") else None,
        trees=None,
        reporter=LogReporter(),
    )
    create(inputs, ports)


def _parse(
    arguments: Sequence[str], flags: tuple[Flag, ...], environ: Mapping[str, str], *, positional: int
) -> Arguments:
    parsed = parse_arguments(arguments, flags, environ)
    if len(parsed.positional) != positional:
        problem = "received unexpected arguments" if len(parsed.positional) > positional else "image argument required"
        raise InvalidArgumentError(problem=problem)
    return parsed


def _directories(parsed: Arguments) -> Directories:
    def place(name: str) -> Place:
        return Place.here(Path(parsed.text(name)).absolute())

    scratch = place("layers") / ".scratch"
    scratch.host.mkdir(parents=True, exist_ok=True)
    return Directories(
        app=place("app"),
        layers=place("layers"),
        platform=place("platform"),
        buildpacks=place("buildpacks"),
        scratch=scratch,
        build_config=place("build-config"),
    )


def _runner(parsed: Arguments, environ: Mapping[str, str]) -> BuildpackRunner:
    target = BuildTarget(
        target=Target(os=environ.get("CNB_TARGET_OS") or "linux", arch=environ.get("CNB_TARGET_ARCH") or _machine()),
        exec_env=environ.get("CNB_EXEC_ENV") or "production",
    )
    return open_runner(InPlaceSession(), _directories(parsed), target, inherited(_environment(environ)))


def _machine() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


def _environment(environ: Mapping[str, str]) -> dict[str, bytes]:
    return {name: os.fsencode(value) for name, value in environ.items()}


def _number(parsed: Arguments, name: str) -> int:
    text = parsed.text(name)
    if not text.isdecimal():
        raise InvalidArgumentError(problem=f'invalid value "{text}" for flag -{name}')
    return int(text)
