"""Extensions generate Dockerfiles: what they are given, what is taken from them, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lifecycle_py.dockerfile.rules import DockerfileKind
from lifecycle_py.errors import ExtensionOutputError, GenerateFailedError
from lifecycle_py.extension_output import ExtensionDockerfile, OutputLayout, find_dockerfiles
from lifecycle_py.generator import Generated, GenerateInputs, generate, with_generated
from lifecycle_py.output import Kind
from lifecycle_py.spec.analyzed_toml import Analyzed, RunImage
from lifecycle_py.spec.api_versions import PLATFORM_API, ApiVersion
from lifecycle_py.spec.build_plan import Require
from lifecycle_py.spec.group_toml import GroupElement
from lifecycle_py.spec.identifiers import BuildpackId
from lifecycle_py.spec.plan_toml import Plan, PlanEntry, Provider
from lifecycle_py.spec.run_toml import Run, RunImageChoice
from lifecycle_py.spec.targets import Target
from tests.support.workshop import USER, Workshop

HEAD = "ARG base_image\nFROM ${base_image}\n"
EXTENDS = f"{HEAD}RUN true\n"


def _element(name: str) -> GroupElement:
    return GroupElement(id=BuildpackId(f"fixtures/{name}"), version="1.0.0", api="0.12")


def _inputs(
    workshop: Workshop, *names: str, plan: Plan | None = None, api: ApiVersion = PLATFORM_API
) -> GenerateInputs:
    return GenerateInputs(
        extensions=tuple(_element(name) for name in names),
        plan=plan or Plan(),
        generated=workshop.directories.layers / "generated",
        user=USER,
        platform_api=api,
    )


def _generate(workshop: Workshop, inputs: GenerateInputs) -> Generated:
    return generate(inputs, workshop.runner(), workshop.reporter)


def _found(workshop: Workshop, inputs: GenerateInputs, kind: DockerfileKind) -> list[ExtensionDockerfile]:
    layout = OutputLayout(generated=inputs.generated, app=workshop.directories.app, platform_api=inputs.platform_api)
    return list(find_dockerfiles(inputs.extensions, kind, layout))


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def _script(**files: str) -> str:
    """Write a bin/generate that leaves these files; ``_`` in a name stands for a dot."""
    lines = [f'cat >"$CNB_OUTPUT_DIR/{name.replace("_", ".")}" <<"END"\n{text}END' for name, text in files.items()]
    return "#!/bin/sh\nset -e\n" + "\n".join(lines) + "\n"


@pytest.mark.requirement(
    "image_extension.generation.in-order",
    "image_extension.generation.output-dir",
    "platform.detector.generates",
    "platform.detector.dockerfile-layout",
)
def test_generate_collects_dockerfiles(workshop: Workshop) -> None:
    """Each extension has a directory of its own below ``generated``, and writes there."""
    workshop.write_extension("one", {"bin/generate": _script(run_Dockerfile=EXTENDS, build_Dockerfile=EXTENDS)})
    workshop.write_extension("two", {"bin/generate": _script(build_Dockerfile=EXTENDS)})
    inputs = _inputs(workshop, "one", "two")

    generated = _generate(workshop, inputs)

    assert (True, True, "") == (generated.extend_run, generated.extend_build, generated.run_image)
    assert ["fixtures/one", "fixtures/two"] == [
        one.extension.id for one in _found(workshop, inputs, DockerfileKind.BUILD)
    ]
    assert ["build.Dockerfile", "run.Dockerfile"] == _names(workshop.layers / "generated" / "fixtures_one")
    assert ["fixtures_one", "fixtures_two"] == workshop.session.programs("generate")
    (command, _) = workshop.session.commands
    assert str(workshop.layers / "generated" / "fixtures_one") == command.env["CNB_OUTPUT_DIR"].decode()


@pytest.mark.requirement("image_extension.generation.environment")
def test_generate_runs_in_the_environment_of_buildpacks(workshop: Workshop) -> None:
    """Platform variables, the target, and the extension's own directory; not CNB_BUILDPACK_DIR."""
    (workshop.platform / "env" / "MINE").write_text("1")
    workshop.write_extension("one", {"bin/generate": '#!/bin/sh\nenv\necho out is "$1"\n'})

    _generate(workshop, _inputs(workshop, "one"))

    lines = dict(line.partition("=")[::2] for line in workshop.output())
    assert ("1", "linux", "production") == (lines["MINE"], lines["CNB_TARGET_OS"], lines["CNB_EXEC_ENV"])
    assert str(workshop.extensions / "fixtures_one" / "1.0.0") == lines["CNB_EXTENSION_DIR"]
    assert {"CNB_BUILDPACK_DIR", "CNB_LAYERS_DIR"} & lines.keys() == set()
    assert f"out is {lines['CNB_OUTPUT_DIR']}" in workshop.output()


_PLAN = Plan(
    entries=(
        PlanEntry(
            providers=(Provider(id=BuildpackId("fixtures/one"), version="1.0.0", extension=True),),
            requires=(Require(name="tool", metadata={"version": "3"}),),
        ),
        PlanEntry(
            providers=(Provider(id=BuildpackId("fixtures/one"), version="1.0.0"),), requires=(Require(name="other"),)
        ),
    )
)


@pytest.mark.requirement("image_extension.generation.plan")
def test_generate_gives_the_plan_and_takes_it_as_met(workshop: Workshop) -> None:
    """An extension gets the entries it provides, and leaves the rest of the plan to the buildpacks."""
    workshop.write_extension("one", {"bin/generate": '#!/bin/sh\ncat "$CNB_BP_PLAN_PATH"\n'})

    generated = _generate(workshop, _inputs(workshop, "one", plan=_PLAN))

    text = "\n".join(workshop.output())
    assert 'name = "tool"' in text
    assert 'version = "3"' in text
    assert "other" not in text
    assert _PLAN.entries[1:] == generated.plan.entries


def test_generate_leaves_what_is_unmet_to_others(workshop: Workshop) -> None:
    """An extension may say in build.toml that it does not provide after all."""
    workshop.write_extension("one", {"bin/generate": _script(build_toml='[[unmet]]\nname = "tool"\n')})

    assert _PLAN == _generate(workshop, _inputs(workshop, "one", plan=_PLAN)).plan


@pytest.mark.requirement("image_extension.generation.without-generate")
def test_generate_takes_an_extension_without_a_program_as_its_own_output(workshop: Workshop) -> None:
    """What is in its ``generate`` directory was made beforehand, contexts included."""
    workshop.write_extension(
        "one", {"generate/run.Dockerfile": f"{HEAD}COPY a /a\n", "generate/context/a": "x", "bin/detect": "#!/bin/sh\n"}
    )
    workshop.write_extension("nothing", {})
    inputs = _inputs(workshop, "one", "nothing")

    assert _generate(workshop, inputs).extend_run
    (found,) = _found(workshop, inputs, DockerfileKind.RUN)
    assert "x" == (found.context.host / "a").read_text()


@pytest.mark.requirement("image_extension.generation.failure", "platform.detector.exit-91")
def test_generate_fails_with_91(workshop: Workshop) -> None:
    """A failing ``bin/generate`` ends the build, and no later one is run."""
    workshop.write_extension("one", {"bin/generate": "#!/bin/sh\nexit 7\n"})
    workshop.write_extension("two", {"bin/generate": "#!/bin/sh\n"})

    with pytest.raises(GenerateFailedError, match="exit code 7") as error:
        _generate(workshop, _inputs(workshop, "one", "two"))

    assert 91 == error.value.exit_code
    assert ["fixtures_one"] == workshop.session.programs("generate")


@pytest.mark.requirement("image_extension.generation.context-exclusive")
@pytest.mark.parametrize(
    ("script", "words"),
    [
        (_script(build_Dockerfile="FROM debian\n"), "fixtures/one: build.Dockerfile:1"),
        (_script(run_Dockerfile="FROM a\nRUNN x\n"), "run.Dockerfile:2 cannot be applied"),
        ('#!/bin/sh\nprintf "FROM a\\n\\377" >"$1/run.Dockerfile"\n', "utf-8"),
        ('#!/bin/sh\nprintf "[[run.args]]\\nname = 1\\n" >"$1/extend-config.toml"\n', "run.args"),
        (
            '#!/bin/sh\nprintf "[[run.args]]\\nname = \\"build_id\\"\\n" >"$1/extend-config.toml"\n',
            "'build_id' is given",
        ),
        ('#!/bin/sh\nmkdir "$1/context" "$1/context.run"\n', "'context' together with"),
        ('#!/bin/sh\nln -s /etc/passwd "$1/run.Dockerfile"\n', "leads out of"),
        ("#!/bin/sh\necho x >>index.html\n", "changed the app directory"),
        ('#!/bin/sh\necho x >"$1/build.toml"\n', "not valid TOML"),
    ],
)
def test_generate_refuses_invalid_output(workshop: Workshop, script: str, words: str) -> None:
    """The error names the extension; the code is 92."""
    workshop.write_extension("one", {"bin/generate": script})

    with pytest.raises(ExtensionOutputError, match=words) as error:
        _generate(workshop, _inputs(workshop, "one"))

    assert 92 == error.value.exit_code
    assert "fixtures/one" in error.value.extension


@pytest.mark.requirement("image_extension.generation.app-unchanged")
def test_generate_refuses_a_changed_app(workshop: Workshop) -> None:
    """A file more is a change, too."""
    workshop.write_extension("one", {"bin/generate": "#!/bin/sh\ntouch new\n"})

    with pytest.raises(ExtensionOutputError, match="changed the app"):
        _generate(workshop, _inputs(workshop, "one"))


def test_generate_warns_of_instructions_without_effect(workshop: Workshop) -> None:
    """They are no error."""
    workshop.write_extension("one", {"bin/generate": _script(run_Dockerfile=f"{HEAD}CMD x\n")})

    _generate(workshop, _inputs(workshop, "one"))

    assert ["fixtures/one: run.Dockerfile:3: CMD is not recommended, and has no effect"] == workshop.reporter.texts(
        Kind.WARNING
    )


@pytest.mark.requirement("platform.detector.run-image-switched")
def test_generate_takes_the_last_switch(workshop: Workshop) -> None:
    """What stood before it has no effect, and is set aside for the extender; what comes after it extends."""
    workshop.write_extension("one", {"bin/generate": _script(run_Dockerfile=EXTENDS, build_Dockerfile=EXTENDS)})
    workshop.write_extension("two", {"bin/generate": _script(run_Dockerfile="FROM example/other:1\n")})
    workshop.write_extension("three", {"bin/generate": _script(run_Dockerfile=EXTENDS)})
    inputs = _inputs(workshop, "one", "two", "three")

    generated = _generate(workshop, inputs)

    assert ("example/other:1", True, True) == (generated.run_image, generated.extend_run, generated.extend_build)
    assert ["fixtures/two", "fixtures/three"] == [
        one.extension.id for one in _found(workshop, inputs, DockerfileKind.RUN)
    ]
    assert ["build.Dockerfile", "run.Dockerfile.ignore"] == _names(workshop.layers / "generated" / "fixtures_one")


@pytest.mark.requirement("image_extension.generation.context")
def test_dockerfile_has_its_own_context_or_the_app(workshop: Workshop) -> None:
    """``context.run`` or ``context``; without them the app directory."""
    script = _script(run_Dockerfile=EXTENDS, build_Dockerfile=EXTENDS)
    workshop.write_extension("own", {"bin/generate": f'{script}mkdir "$1/context.run"\n'})
    workshop.write_extension("shared", {"bin/generate": f'{script}mkdir "$1/context"\n'})
    inputs = _inputs(workshop, "own", "shared")
    _generate(workshop, inputs)

    places = {kind: [one.context.host.name for one in _found(workshop, inputs, kind)] for kind in DockerfileKind}

    assert {"run": ["context.run", "context"], "build": ["app", "context"]} == places


@pytest.mark.requirement("deviation.generated-layout")
def test_generate_knows_the_layout_of_older_platforms(workshop: Workshop) -> None:
    """Before 0.13 there is a directory per kind, with the arguments beside each Dockerfile, and no contexts."""
    config = '[[run.args]]\nname = "a"\nvalue = "1"\n'
    script = _script(run_Dockerfile=EXTENDS, build_Dockerfile=EXTENDS).replace(
        "\nset -e\n", '\nset -e\nmkdir "$1/context"\n'
    )
    workshop.write_extension("one", {"bin/generate": script + f"printf '{config}' >\"$1/extend-config.toml\"\n"})
    inputs = _inputs(workshop, "one", api=ApiVersion(0, 12))

    _generate(workshop, inputs)

    root = workshop.layers / "generated"
    assert [
        "build/fixtures_one/Dockerfile",
        "build/fixtures_one/extend-config.toml",
        "run/fixtures_one/Dockerfile",
        "run/fixtures_one/extend-config.toml",
    ] == sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    (found,) = _found(workshop, inputs, DockerfileKind.RUN)
    assert [("a", "1")] == [(one.name, one.value) for one in found.arguments]
    assert workshop.app == found.context.host


def test_generate_forgets_an_earlier_build(workshop: Workshop) -> None:
    """What an extension generated before and not now is gone."""
    old = workshop.layers / "generated" / "fixtures_one" / "run.Dockerfile"
    old.parent.mkdir(parents=True)
    old.write_text(EXTENDS)
    workshop.write_extension("one", {})

    assert not _generate(workshop, _inputs(workshop, "one")).extend_run


_ANALYZED = Analyzed(run_image=RunImage(reference="example/run@sha256:1", image="example/run", target=Target()))


@pytest.mark.requirement("platform.detector.run-image-extended", "platform.detector.run-image-known")
def test_analyzed_names_the_run_image_extensions_want(workshop: Workshop) -> None:
    """A new image has no known target; one the platform does not name is warned about; extending is noted."""
    inputs = replace(_inputs(workshop), run=Run(images=(RunImageChoice(image="a", mirrors=("example/known",)),)))

    def update(**generated: object) -> RunImage:
        found = Generated(plan=Plan(), **generated)  # type: ignore[arg-type]
        return with_generated(_ANALYZED, found, inputs, workshop.reporter).run_image

    assert _ANALYZED.run_image == update()
    assert _ANALYZED.run_image == update(run_image="example/run")
    assert replace(_ANALYZED.run_image, extend=True) == update(extend_run=True)
    assert RunImage(reference="example/known", image="example/known") == update(run_image="example/known")
    assert [] == workshop.reporter.texts(Kind.WARNING)
    assert RunImage(reference="b", image="b", extend=True) == update(run_image="b", extend_run=True)
    assert ["The run image 'b' that an extension chose is none of those the platform names"] == workshop.reporter.texts(
        Kind.WARNING
    )
