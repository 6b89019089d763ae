"""The build phase with real buildpacks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from lifecycle_py.builder import Built, build
from lifecycle_py.detector import detect
from lifecycle_py.errors import BuildpackFailedError, BuildpackOutputError, UnsafeLinkError
from lifecycle_py.output import Kind
from lifecycle_py.spec.errors import ExplainedError
from lifecycle_py.spec.toml_file import read_toml
from tests.support.trees import read_tree, write_tree
from tests.support.workshop import USER, Workshop, an_order


def _build(workshop: Workshop, group: str) -> Built:
    for name in group.split():
        (workshop.layers / f"fixtures_{name.replace('_', '-')}").mkdir()
    runner = workshop.runner()
    detected = detect(an_order(group), runner, workshop.reporter)
    return build(detected.group, detected.plan, runner, workshop.reporter)


def _variables(lines: Iterable[str]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines if "=" in line)


@pytest.mark.requirement("buildpack.environment.layer-paths-build", "buildpack.environment.build-files")
def test_build_gives_later_buildpacks_the_environment_of_build_layers(workshop: Workshop) -> None:
    """Directories of a build layer's root are prepended, ``env`` and ``env.build`` apply, launch layers do not."""
    write_tree(workshop.platform, {"env/LIST": "user"})

    _build(workshop, "sets_environment shows_environment")

    layer = f"{workshop.layers}/fixtures_sets-environment/tools"
    env = _variables(workshop.output())
    assert {
        "PATH": f"{layer}/bin:/usr/bin:/bin",
        "LD_LIBRARY_PATH": f"{layer}/lib",
        "LIBRARY_PATH": f"{layer}/lib",
        "CPATH": f"{layer}/include",
        "PKG_CONFIG_PATH": f"{layer}/pkgconfig",
        "PLAIN": "override more",
        "LIST": "user",
    } == {name: env[name] for name in (*env.keys() & _SHOWN,)}
    assert "LAUNCH_ONLY" not in env


_SHOWN = {"PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH", "PLAIN", "LIST"}


def test_build_does_not_give_a_buildpack_its_own_layers(workshop: Workshop) -> None:
    """Only what earlier buildpacks made is in the environment."""
    _build(workshop, "shows_environment sets_environment")

    env = _variables(workshop.output())
    assert ("/usr/bin:/bin", False) == (env["PATH"], "PLAIN" in env)


@pytest.mark.requirement(
    "buildpack.build.environment", "buildpack.build.invoked", "buildpack.environment.cnb-variables"
)
def test_build_tells_a_buildpack_where_everything_is(workshop: Workshop) -> None:
    """Arguments and variables name the layers, the plan, the platform and the buildpack."""
    _build(workshop, "shows_environment")

    command = workshop.session.commands[-1]
    env = {name: value.decode() for name, value in command.env.items()}
    assert (env["CNB_LAYERS_DIR"], env["CNB_PLATFORM_DIR"], env["CNB_BP_PLAN_PATH"]) == command.argv[1:]
    assert str(workshop.layers / "fixtures_shows-environment") == env["CNB_LAYERS_DIR"]
    assert f"{env['CNB_BUILDPACK_DIR']}/bin/build" == command.argv[0]
    assert str(workshop.app) == str(command.working_dir)


@pytest.mark.requirement("buildpack.environment.clear-env")
def test_build_hides_the_users_variables_from_a_buildpack_that_clears(workshop: Workshop) -> None:
    """``clear-env`` hides the platform's variables, but not the operator's."""
    write_tree(workshop.platform, {"env/SECRET": "s", "env/PATH": "/user/bin"})
    write_tree(workshop.root / "build-config", {"env/OPERATOR": "o", "env/PATH.prepend": "/op:"})

    _build(workshop, "clears_environment shows_environment")

    lines = workshop.output()
    middle = next(number for number, line in enumerate(lines) if line.startswith("SECRET="))
    cleared, shown = _variables(lines[: middle // 2 + 1]), _variables(lines[middle // 2 + 1 :])
    assert ("/op:/usr/bin:/bin", "o", False) == (cleared["PATH"], cleared["OPERATOR"], "SECRET" in cleared)
    assert ("/op:/user/bin:/usr/bin:/bin", "s") == (shown["PATH"], shown["SECRET"])


@pytest.mark.requirement("buildpack.build.plan")
def test_build_gives_each_provider_its_plan(workshop: Workshop) -> None:
    """The first provider receives the requirement; it is met then, and the second receives none."""
    _build(workshop, "provides_tool provides_tool_too requires_tool")

    assert 1 == workshop.output().count("[[entries]]")


@pytest.mark.requirement("buildpack.unmet.passed-on")
def test_build_offers_what_is_left_unmet_to_the_next_provider(workshop: Workshop) -> None:
    """A name in ``build.toml``'s ``unmet`` goes to the next provider."""
    write_tree(workshop.app, {"leave-tool": ""})

    _build(workshop, "provides_tool provides_tool_too requires_tool")

    assert 2 == workshop.output().count("[[entries]]")


@pytest.mark.requirement("buildpack.build-toml.unmet-name")
def test_build_refuses_to_leave_unmet_what_was_not_asked(workshop: Workshop) -> None:
    """``unmet`` may only name entries of the buildpack's own plan."""
    script = '#!/bin/sh\nprintf \'[[unmet]]\\nname = "other"\\n\' >"$CNB_LAYERS_DIR/build.toml"\n'
    workshop.write_buildpack("confused", {"bin/build": script})

    with pytest.raises(BuildpackOutputError, match="'other'"):
        _build(workshop, "confused")


@pytest.mark.requirement("buildpack.build.failure", "buildpack.build.in-order", "platform.builder.in-order")
def test_build_stops_at_the_first_failure(workshop: Workshop) -> None:
    """A failing ``bin/build`` ends the phase with 51; later buildpacks do not run."""
    with pytest.raises(BuildpackFailedError) as error:
        _build(workshop, "fails_build two_processes")

    assert (51, "exit code 7") == (error.value.exit_code, error.value.status)
    assert ["cannot compile"] == workshop.output()
    assert ["fixtures_fails-build"] == workshop.session.programs("build")


@pytest.mark.requirement(
    "platform.builder.aggregates", "buildpack.export.combined-processes", "buildpack.export.labels-last"
)
def test_build_merges_processes_and_labels(workshop: Workshop) -> None:
    """Processes are sorted by type; of equal types and labels the last buildpack's win."""
    built = _build(workshop, "redefines_web two_processes")

    processes = [(one.process.type, one.process.command, one.buildpack_id) for one in built.metadata.processes]
    assert [
        ("web", ("serve",), "fixtures/two-processes"),
        ("worker", ("sh", "-c"), "fixtures/two-processes"),
    ] == processes
    assert "web" == built.metadata.default_process_type
    assert {"org.example.from": "two", "org.example.kept": "yes"} == {
        label.key: label.value for label in built.metadata.labels
    }


@pytest.mark.requirement("buildpack.export.default-process")
def test_build_clears_the_default_when_it_is_redefined(workshop: Workshop) -> None:
    """A later process of the default's type that is no default itself takes the default away, with a warning."""
    built = _build(workshop, "two_processes redefines_web")

    assert "" == built.metadata.default_process_type
    assert ("other",) == built.metadata.processes[0].process.command
    assert 1 == len(workshop.reporter.texts(Kind.WARNING))


@pytest.mark.requirement("buildpack.launch-toml.one-default")
def test_build_refuses_two_defaults_of_one_buildpack(workshop: Workshop) -> None:
    """One launch.toml has one default at most."""
    launch = "".join(f'[[processes]]\\ntype = "{name}"\\ncommand = ["x"]\\ndefault = true\\n' for name in ("a", "b"))
    script = f"#!/bin/sh\nprintf '{launch}' >\"$CNB_LAYERS_DIR/launch.toml\"\n"
    workshop.write_buildpack("torn", {"bin/build": script})

    with pytest.raises(BuildpackOutputError, match="a, b"):
        _build(workshop, "torn")


@pytest.mark.requirement(
    "platform.metadata-toml.keys", "platform.builder.records-buildpacks", "buildpack.export.buildpack-ids"
)
def test_build_writes_the_launchers_metadata(workshop: Workshop) -> None:
    """``config/metadata.toml`` has all that the launcher needs."""
    _build(workshop, "two_processes")

    metadata = read_toml(workshop.layers / "config" / "metadata.toml").data
    assert "web" == metadata["buildpack-default-process-type"]
    assert [{"id": "fixtures/two-processes", "version": "1.0.0", "api": "0.12"}] == metadata["buildpacks"]
    assert {
        "type": "web",
        "command": ["serve"],
        "args": [],
        "direct": True,
        "default": True,
        "buildpack-id": "fixtures/two-processes",
        "working-dir": "/elsewhere",
    } == metadata["processes"][0]


@pytest.mark.requirement("buildpack.layer-types.ignored-renamed")
def test_build_sets_layers_without_a_type_aside(workshop: Workshop) -> None:
    """A layer of no type is renamed, so that neither later buildpacks nor the image see it."""
    built = _build(workshop, "all_layer_types")

    tree = read_tree(workshop.layers / "fixtures_all-layer-types")
    assert ("none\n", False) == (tree["none.ignore/file"], "none/file" in tree)
    assert ["all", "b", "bc", "bl", "c", "cl", "l"] == [layer.name for layer in built.contributions[0].layers]


@pytest.mark.requirement(
    "platform.exporter.sbom-build",
    "platform.exporter.sbom-build-layer",
    "buildpack.sbom.build",
    "buildpack.sbom.media-types",
)
def test_build_sorts_sbom_files_by_what_they_are_for(workshop: Workshop) -> None:
    """Files go to launch, build and cache as their name and their layer's types say; old ones are gone."""
    write_tree(workshop.layers, {"sbom/launch/old/sbom.cdx.json": "stale"})

    _build(workshop, "writes_sboms")

    below = "fixtures_writes-sboms"
    assert {
        f"build/{below}/sbom.spdx.json": '{"of":"build"}\n',
        f"cache/{below}/cached/sbom.cdx.json": '{"of":"cached"}\n',
        f"launch/{below}/cached/sbom.cdx.json": '{"of":"cached"}\n',
        f"launch/{below}/sbom.cdx.json": '{"of":"launch"}\n',
    } == read_tree(workshop.layers / "sbom")


@pytest.mark.requirement("buildpack.sbom.declared")
def test_build_refuses_an_sbom_of_an_undeclared_format(workshop: Workshop) -> None:
    """``sbom-formats`` of buildpack.toml is a promise."""
    with pytest.raises(BuildpackOutputError, match=r"launch\.sbom\.syft\.json"):
        _build(workshop, "undeclared_sbom")


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"x.toml": "launch = true"}, "layer types belong into the"),
        ({"x.toml": "[types]\nlaunch = 1"}, "expected true or false"),
        ({"x.toml": "= ="}, "is not valid TOML"),
        ({"launch.toml": '[[processes]]\ntype = "a b"\ncommand = ["x"]'}, "'a b' is not a valid process type"),
        ({"launch.toml": '[[processes]]\ntype = "a"\ncommand = "x"'}, "expects an array"),
        ({"launch.toml": '[[processes]]\ntype = "a"\ncommand = ["x"]\ndirect = false'}, "no shell processes"),
        ({"build.toml": "unmet = [1]"}, "expected an array of tables"),
    ],
)
def test_build_names_the_buildpack_that_wrote_nonsense(workshop: Workshop, files: dict[str, str], problem: str) -> None:
    """Every fault of a buildpack's documents is a fault of that buildpack, with exit code 52."""
    write_tree(workshop.root / "nonsense", files)
    script = f'#!/bin/sh\ncp {workshop.root}/nonsense/* "$CNB_LAYERS_DIR"\n'
    workshop.write_buildpack("nonsense", {"bin/build": script})

    with pytest.raises(BuildpackOutputError) as error:
        _build(workshop, "nonsense")

    assert ("fixtures/nonsense@1.0.0", 52) == (error.value.buildpack, error.value.exit_code)
    assert problem in str(error.value)


# A buildpack must not make the lifecycle reach the host's files.


@pytest.fixture
def outside(workshop: Workshop) -> Path:
    """A directory of the host; the fixtures learn its place from the app."""
    outside = write_tree(workshop.root / "outside", {"victim": "kept", "launch.toml": '[[labels]]\nkey = "secret"\n'})
    write_tree(workshop.app, {"secret-place": str(outside)})
    return outside


def test_build_does_not_read_documents_through_links(workshop: Workshop, outside: Path) -> None:
    """A ``launch.toml`` that is a link out of the layers directory is refused."""
    with pytest.raises(BuildpackOutputError, match="leads out of"):
        _build(workshop, "links_out")

    assert "kept" == (outside / "victim").read_text()


def test_build_does_not_write_through_planted_links(workshop: Workshop, outside: Path) -> None:
    """Links in the places the lifecycle will write to are replaced, not followed."""
    before = read_tree(outside)

    _build(workshop, "plants_links")

    assert before == read_tree(outside)
    assert '{"evil":true}\n' == (workshop.layers / "sbom/launch/fixtures_plants-links/sbom.cdx.json").read_text()
    assert not (workshop.layers / "config").is_symlink()


def test_build_does_not_read_another_directory_for_a_later_buildpack(workshop: Workshop, outside: Path) -> None:
    """A buildpack cannot put a link in the place of a later one's layers directory."""
    script = (
        f'#!/bin/sh\ncd "$CNB_LAYERS_DIR/.."\nrm -r fixtures_always-passes\nln -s {outside} fixtures_always-passes\n'
    )
    workshop.write_buildpack("swaps", {"bin/build": script})

    with pytest.raises(ExplainedError, match="leads out of"):
        _build(workshop, "swaps always_passes")


@pytest.mark.parametrize("place", ["env", "env.build"])
def test_build_does_not_read_variables_through_links(workshop: Workshop, outside: Path, place: str) -> None:
    """A variable's file that links out of its layer is refused."""
    script = (
        f'#!/bin/sh\ncd "$CNB_LAYERS_DIR"\nmkdir -p l/{place}\nln -s {outside}/victim l/{place}/STOLEN\n'
        "printf '[types]\\nbuild = true\\n' >l.toml\n"
    )
    workshop.write_buildpack("steals", {"bin/build": script})

    with pytest.raises(UnsafeLinkError):
        _build(workshop, "steals shows_environment")


def test_build_does_not_take_a_link_for_a_layer(workshop: Workshop, outside: Path) -> None:
    """A layer that is a link has no contents."""
    script = f"#!/bin/sh\ncd \"$CNB_LAYERS_DIR\"\nln -s {outside} l\nprintf '[types]\\nbuild = true\\n' >l.toml\n"
    workshop.write_buildpack("links", {"bin/build": script})

    built = _build(workshop, "links")

    assert not built.contributions[0].layers[0].has_contents


def test_user_of_the_workshop_owns_nothing_on_the_host() -> None:
    """Builds in tests run as whoever runs the tests."""
    assert USER.host_owner is None
