"""Which run image is taken."""

from __future__ import annotations

import pytest

from lifecycle_py.errors import RunImageUnreadableError
from lifecycle_py.run_images import choice_of, choose_run_image, same_image
from lifecycle_py.spec.run_toml import Run, RunImageChoice

CHOICE = RunImageChoice(image="a.example/run:1", mirrors=("b.example/run:1", "c.example/run:1"))


@pytest.mark.requirement("platform.run-image-resolution.same-registry", "platform.run-image-resolution.readable")
@pytest.mark.parametrize(
    ("output", "readable", "chosen"),
    [
        ("b.example/app", "abc", "b.example/run:1"),
        ("z.example/app", "abc", "a.example/run:1"),
        ("b.example/app", "ac", "a.example/run:1"),
        ("z.example/app", "c", "c.example/run:1"),
    ],
)
def test_the_near_one_first_then_the_first_readable(output: str, readable: str, chosen: str) -> None:
    """The registry the app image goes to wins, if its run image can be read."""
    assert chosen == choose_run_image(CHOICE, output, lambda name: name[0] in readable)


def test_none_readable_is_an_error_with_all_names() -> None:
    """Whoever reads it knows what was tried."""
    with pytest.raises(RunImageUnreadableError, match=r"c\.example/run:1"):
        choose_run_image(CHOICE, "a.example/app", lambda _: False)


def test_names_are_compared_without_digests_and_spelled_out() -> None:
    """``run`` is ``docker.io/library/run:latest``."""
    assert same_image("run", "index.docker.io/library/run:latest@sha256:" + "0" * 64)
    assert not same_image("run:1", "run:2")
    assert CHOICE == choice_of(Run(images=(CHOICE,)), "c.example/run:1@sha256:" + "0" * 64)
    assert None is choice_of(Run(images=(CHOICE,)), "c.example/run:2")
