"""What the specification asks of buildpacks: held by ours and by the SDK, and what becomes of those that do not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from buildpacks.sdk import process
from lifecycle_py.spec.errors import TomlValueError
from lifecycle_py.spec.order_toml import Order
from lifecycle_py.spec.toml_file import parse_toml
from tests.support.phase_programs import BuilderImage
from tests.support.workshop import Workshop

_OURS = sorted((Path(__file__).parents[2] / "buildpacks").glob("*/buildpack.toml"))


@pytest.mark.requirement("buildpack.buildpack-toml.version")
@pytest.mark.parametrize("file", _OURS, ids=lambda file: file.parent.name)
def test_versions_are_three_numbers(file: Path) -> None:
    """Every buildpack of ours."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", tomllib.loads(file.read_text())["buildpack"]["version"])


@pytest.mark.requirement("buildpack.buildpack-toml.order-keys")
def test_elements_of_an_order_have_an_id() -> None:
    """Without one the file and the key are named; a version may be left out where there is only one."""
    text = '[[order]]\n[[order.group]]\nid = "a/b"\n[[order.group]]\nversion = "1"\n'

    with pytest.raises(TomlValueError, match=r"order\[0\].group\[1\].id"):
        Order.from_toml(parse_toml(text, Path("order.toml")))


@pytest.mark.requirement("buildpack.buildpack-toml.order-alone")
def test_a_composite_buildpack_with_targets_is_taken(workshop: Workshop) -> None:
    """Packages in the wild have some: its components' own targets decide."""
    order = '[[order]]\n[[order.group]]\nid = "fixtures/two-processes"\nversion = "1.0.0"\n'
    workshop.write_buildpack("with-targets", {}, f'[[targets]]\nos = "plan9"\n{order}')
    exported = workshop.create("with-targets")

    assert "io.buildpacks.build.metadata" in exported.image.config.labels


@pytest.mark.requirement("buildpack.launch-toml.label-unique")
def test_of_two_labels_the_last_counts(workshop: Workshop) -> None:
    """As in the reference."""
    labels = "".join(f'[[labels]]\nkey = "made.by"\nvalue = "{value}"\n' for value in ("one", "two"))
    script = f"#!/bin/sh\ncat >$CNB_LAYERS_DIR/launch.toml <<'END'\n{labels}END\n"
    workshop.write_buildpack("labels-twice", {"bin/build": script})

    assert "two" == workshop.create("labels-twice").image.config.labels["made.by"]


@pytest.mark.requirement("buildpack.launch-toml.command")
def test_the_sdk_makes_no_process_without_a_command() -> None:
    """A program is asked for by the function itself."""
    with pytest.raises(TypeError):
        process("web")  # type: ignore[call-arg]

    assert ("run", "it") == process("web", "run", "it").command


@pytest.mark.requirement("platform.exec-env.charset")
def test_an_execution_environment_has_no_slash(tmp_path: Path) -> None:
    """A phase refuses the name before it does anything."""
    builder = BuilderImage.make(tmp_path / "builder")
    done = builder.run_as_we_are("analyze", "-run-image", "r/run:1", "r/app:1", CNB_EXEC_ENV="a/b")

    assert 3 == done.returncode
    assert "CNB_EXEC_ENV" in done.stderr
