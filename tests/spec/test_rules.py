"""Rules of the specification that are pure: documents, targets and slices, where no phase has to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle_py.cli.flag_table import flags_of
from lifecycle_py.cli.flags import parse_arguments
from lifecycle_py.cli.invocation import read_os_release
from lifecycle_py.slices import split_app
from lifecycle_py.spec.api_versions import ApiVersion
from lifecycle_py.spec.image_labels import BuildMetadata
from lifecycle_py.spec.launch_toml import Slice
from lifecycle_py.spec.order_toml import Order
from lifecycle_py.spec.targets import Distro
from lifecycle_py.spec.toml_file import parse_toml

FILE = Path("document.toml")


@pytest.mark.requirement("platform.order-toml.optional")
def test_optional_is_false_unless_said() -> None:
    """An element of an order is required unless it says otherwise."""
    text = '[[order]]\n[[order.group]]\nid = "a"\n[[order.group]]\nid = "b"\noptional = true\n'
    (group,) = Order.from_toml(parse_toml(text, FILE)).groups

    assert [False, True] == [element.optional for element in group]


@pytest.mark.requirement("deviation.os-release-lines")
def test_os_release_is_read_by_its_own_rules(tmp_path: Path) -> None:
    """Lines without an equals sign, comments and quotes do not keep the distribution from being read."""
    file = tmp_path / "os-release"
    file.write_text("# comment\n\nnonsense\nPRETTY_NAME='x=y'\nID=debian\nVERSION_ID=\"13\"\n")

    assert Distro(name="debian", version="13") == read_os_release(file)
    assert None is read_os_release(tmp_path / "absent")


@pytest.mark.requirement("platform.build-label.extensions")
def test_label_names_the_extensions() -> None:
    """The build metadata label lists the extensions that took part, and has no such key without any."""
    buildpacks = ({"id": "a", "version": "1"},)
    extensions = ({"id": "e", "version": "2"},)
    with_extensions = BuildMetadata(buildpacks=buildpacks, extensions=extensions, launcher_version="1")

    assert [{"id": "e", "version": "2"}] == with_extensions.to_json()["extensions"]
    assert "extensions" not in BuildMetadata(buildpacks=buildpacks, launcher_version="1").to_json()


@pytest.mark.requirement("buildpack.slices.outside")
@pytest.mark.parametrize("glob", ["../*", "/etc/*", "static/../../*", ".."])
def test_slices_stay_inside_the_app(glob: str) -> None:
    """A glob that leads out of the app directory takes nothing."""
    assert [[], ["index.html"]] == [list(part) for part in split_app(("index.html",), [Slice(paths=(glob,))])]


@pytest.mark.requirement("deviation.extender-build-config")
def test_extender_takes_the_operators_directory_as_a_flag() -> None:
    """``-build-config`` and CNB_BUILD_CONFIG_DIR both name the operator's directory to the extender."""
    api = ApiVersion(0, 12)
    by_flag = parse_arguments(
        ["-build-config", "/flag"], flags_of("extend", api), {"CNB_BUILD_CONFIG_DIR": "/variable"}
    )
    by_variable = parse_arguments([], flags_of("extend", api), {"CNB_BUILD_CONFIG_DIR": "/variable"})

    assert ("/flag", "/variable") == (by_flag.text("build-config"), by_variable.text("build-config"))
