"""``-image``, the old name of ``-run-image``, which creator and rebaser still take."""

from __future__ import annotations

import dataclasses

from lifecycle_py.cli.invocation import Invocation
from lifecycle_py.errors import InvalidArgumentError


def with_run_image(call: Invocation) -> Invocation:
    """Read ``-image``, the old name of ``-run-image``.

    Raises:
        InvalidArgumentError: both are given.
    """
    old = call.arguments.text("image")
    if not old:
        return call
    if "run-image" in call.arguments.given:
        raise InvalidArgumentError(problem="supply only one of -run-image or (deprecated) -image")
    arguments = dataclasses.replace(call.arguments, values={**call.arguments.values, "run-image": old})
    return dataclasses.replace(call, arguments=arguments)
