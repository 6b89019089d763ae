"""The detector as a program."""

from __future__ import annotations

import os
from pathlib import Path

from lifecycle_py.cli.invocation import Invocation
from lifecycle_py.cli.output import Level
from lifecycle_py.cli.privileges import refuse_root
from lifecycle_py.cli.shared import read_analyzed
from lifecycle_py.cli.stores import read_run_images
from lifecycle_py.detection_log import detection_log
from lifecycle_py.detector import Detected, DetectFiles, DetectRules, conclude, explore
from lifecycle_py.environment import inherited
from lifecycle_py.generator import GenerateInputs, generate, with_generated
from lifecycle_py.in_place import InPlaceSession
from lifecycle_py.inputs import BuildUser
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.output import SilentReporter
from lifecycle_py.run_buildpack import BuildpackRunner, open_runner
from lifecycle_py.session import Place
from lifecycle_py.spec.api_versions import PlatformFeature, supports
from lifecycle_py.spec.order_toml import Order
from lifecycle_py.spec.system_toml import System
from lifecycle_py.spec.toml_file import read_toml, read_toml_if_present, write_toml


def run(call: Invocation) -> None:
    """Detect, and write ``group.toml`` and ``plan.toml``; let extensions of the group generate their Dockerfiles."""
    call.take_no_arguments()
    refuse_root(call.phase)
    arguments = call.arguments
    order = Order.from_toml(read_toml(order_file(call)))
    first, stable = PlatformFeature.EXTENSIONS, PlatformFeature.GENERATED_BY_EXTENSION
    if order.extensions and supports(call.api, first) and not supports(call.api, stable):
        call.guard_experimental("Dockerfiles")
    files = DetectFiles(group=arguments.path("group"), plan=arguments.path("plan"))
    with call.directories() as directories:
        target = call.target(read_analyzed(call).run_image.target)
        runner = open_runner(InPlaceSession(), directories, target, inherited(call.session_env()))
        detection = explore(order, runner, detect_rules(call))
        for line in detection_log(detection, debug=call.reporter.level is Level.DEBUG):
            call.reporter.step(line)
        detected = conclude(detection, files, SilentReporter())
        if detected.group.extensions:
            _generate(call, detected, runner)


def _generate(call: Invocation, detected: Detected, runner: BuildpackRunner) -> None:
    """Generate, and say in plan.toml what is left to buildpacks, and in analyzed.toml which run image is wanted."""
    inputs = GenerateInputs(
        extensions=detected.group.extensions,
        plan=detected.plan,
        generated=Place.here(call.arguments.path("generated")),
        user=BuildUser(inside=Owner(os.getuid(), os.getgid())),
        run=read_run_images(call),
        platform_api=call.api,
    )
    generated = generate(inputs, runner, call.reporter)
    analyzed = with_generated(read_analyzed(call), generated, inputs, call.reporter)
    write_toml(call.arguments.path("plan"), generated.plan.to_toml())
    write_toml(call.arguments.path("analyzed"), analyzed.to_toml())


def detect_rules(call: Invocation) -> DetectRules:
    """Give what besides the order decides."""
    if not call.arguments.text("system"):
        return DetectRules(platform_api=call.api)
    system = System.from_toml(read_toml_if_present(call.arguments.path("system")))
    return DetectRules(system=system, platform_api=call.api)


def order_file(call: Invocation) -> Path:
    """Give the order to use: the one named, else the layers directory's, else the builder's."""
    if call.arguments.text("order"):
        return call.arguments.path("order")
    own = call.arguments.path("layers") / "order.toml"
    return own if own.exists() else Path("/cnb/order.toml")
