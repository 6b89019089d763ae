"""The rebaser as a program."""

from __future__ import annotations

from lifecycle_py.cli.invocation import Invocation
from lifecycle_py.cli.run_image_flag import with_run_image
from lifecycle_py.cli.stores import open_store
from lifecycle_py.rebaser import RebaseInputs, rebase
from lifecycle_py.spec.toml_file import write_toml


def run(call: Invocation) -> None:
    """Rebase, and write ``report.toml``."""
    call = with_run_image(call)
    arguments = call.arguments
    outputs = tuple(dict.fromkeys(call.images()))
    run_image, previous = arguments.text("run-image"), arguments.text("previous-image")
    store = open_store(call, (*outputs, run_image, previous), outputs)
    call.become_user()
    inputs = RebaseInputs(
        references=outputs,
        previous_image=previous,
        run_image=run_image,
        force=arguments.boolean("force"),
        source_date_epoch=call.source_date_epoch,
        platform_api=call.api,
    )
    rebased = rebase(inputs, store=store, run_image_store=store, reporter=call.reporter)
    write_toml(arguments.path("report"), rebased.report.to_toml())
