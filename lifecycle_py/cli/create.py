"""The creator as a program: all phases in one process."""

from __future__ import annotations

from lifecycle_py.cli.analyze import wanted_run_image
from lifecycle_py.cli.detect import detect_rules, order_file
from lifecycle_py.cli.export import export_inputs
from lifecycle_py.cli.invocation import Invocation
from lifecycle_py.cli.privileges import environment_of
from lifecycle_py.cli.run_image_flag import with_run_image
from lifecycle_py.cli.shared import warn_of_launch_cache
from lifecycle_py.cli.stores import new_blobs, open_cache, open_store, read_run_images
from lifecycle_py.creator import CreateInputs, CreatePorts, create
from lifecycle_py.in_place import InPlaceSession
from lifecycle_py.spec.analyzed_toml import Analyzed, RunImage
from lifecycle_py.spec.order_toml import Order
from lifecycle_py.spec.toml_file import read_toml


def run(call: Invocation) -> None:
    """Analyze, detect, restore, build and export."""
    call = with_run_image(call)
    arguments = call.arguments
    image = call.image()
    outputs = tuple(dict.fromkeys((image, *arguments.list("tag"))))
    warn_of_launch_cache(call)
    order = Order.from_toml(read_toml(order_file(call)))
    run_images = read_run_images(call).images if not arguments.text("run-image") else ()
    names = (*outputs, arguments.text("previous-image"), arguments.text("run-image"))
    store = open_store(call, (*names, *(name for one in run_images for name in one.names)), outputs)
    cache = open_cache(call)
    call.become_user("cache-dir", "launch-cache", "layers")
    run_image = wanted_run_image(call, image, store)
    analyzed = Analyzed(run_image=RunImage(reference="", image=run_image))
    with call.directories() as directories, new_blobs(call) as blobs:
        inputs = CreateInputs(
            directories=directories,
            order=order,
            run_image=run_image,
            previous_image=arguments.text("previous-image"),
            export=export_inputs(call, outputs, analyzed, extended=False),
            session_env={
                **call.session_env(),
                **{name: value.encode() for name, value in environment_of(call.user).items()},
            },
            report=arguments.path("report"),
            rules=detect_rules(call),
            skip_restore=arguments.boolean("skip-restore"),
        )
        ports = CreatePorts(
            session=InPlaceSession(),
            store=store,
            run_image_store=store,
            blobs=blobs,
            cache=cache,
            trees=None,
            reporter=call.reporter,
        )
        create(inputs, ports)
