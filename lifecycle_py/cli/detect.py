"""The detector as a program."""

from __future__ import annotations

from pathlib import Path

from lifecycle_py.cli.invocation import Invocation
from lifecycle_py.cli.privileges import refuse_root
from lifecycle_py.detector import detect
from lifecycle_py.environment import inherited
from lifecycle_py.in_place import InPlaceSession
from lifecycle_py.run_buildpack import open_runner
from lifecycle_py.spec.analyzed_toml import Analyzed
from lifecycle_py.spec.order_toml import Order
from lifecycle_py.spec.toml_file import read_toml, read_toml_if_present, write_toml


def run(call: Invocation) -> None:
    """Detect, and write ``group.toml`` and ``plan.toml``."""
    call.take_no_arguments()
    refuse_root(call.phase)
    arguments = call.arguments
    order = Order.from_toml(read_toml(order_file(call)))
    with call.directories() as directories:
        target = call.target(read_analyzed(call).run_image.target)
        runner = open_runner(InPlaceSession(), directories, target, inherited(call.session_env()))
        detected = detect(order, runner, call.reporter)
    write_toml(arguments.path("group"), detected.group.to_toml())
    write_toml(arguments.path("plan"), detected.plan.to_toml())


def order_file(call: Invocation) -> Path:
    """Give the order to use: the one named, else the layers directory's, else the builder's."""
    if call.arguments.text("order"):
        return call.arguments.path("order")
    own = call.arguments.path("layers") / "order.toml"
    return own if own.exists() else Path("/cnb/order.toml")


def read_analyzed(call: Invocation) -> Analyzed:
    """Read ``analyzed.toml``; before Platform API 0.10 the detector has none."""
    if not call.arguments.text("analyzed"):
        return Analyzed.from_toml(read_toml_if_present(call.arguments.path("layers") / "analyzed.toml"))
    return Analyzed.from_toml(read_toml_if_present(call.arguments.path("analyzed")))
