"""The detect phase with real buildpacks."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from lifecycle_py.detector import Detected, DetectRules, detect
from lifecycle_py.errors import NothingDetectedError
from lifecycle_py.output import Kind
from lifecycle_py.spec.api_versions import ApiVersion
from lifecycle_py.spec.errors import UnsupportedApiError
from lifecycle_py.spec.system_toml import System
from lifecycle_py.spec.targets import Distro, Target
from lifecycle_py.spec.toml_file import read_toml
from tests.support.workshop import Workshop, a_group, an_order


def _detect(
    workshop: Workshop,
    *groups: str,
    target: Target | None = None,
    extensions: Sequence[str] = (),
    rules: DetectRules | None = None,
    exec_env: str = "production",
) -> Detected:
    runner = workshop.runner(target, exec_env)
    return detect(an_order(*groups, extensions=extensions), runner, workshop.reporter, rules)


def _group(detected: Detected) -> list[str]:
    return [element.id.removeprefix("fixtures/") for element in detected.group.buildpacks]


def _extensions(detected: Detected) -> list[str]:
    return [element.id.removeprefix("fixtures/") for element in detected.group.extensions]


def test_detect_takes_the_first_group_that_passes(workshop: Workshop) -> None:
    """Order decides, not the number of buildpacks that pass."""
    detected = _detect(workshop, "never_passes", "always_passes", "always_passes two_processes")

    assert ["always-passes"] == _group(detected)


@pytest.mark.requirement(
    "platform.group-toml.keys",
    "platform.plan-toml.providers",
    "platform.plan-toml.requires",
    "platform.detector.one-group",
    "platform.detector.writes-plan",
)
def test_detect_writes_the_group_and_the_plan(workshop: Workshop) -> None:
    """``group.toml`` and ``plan.toml`` are what other lifecycles and platforms read."""
    _detect(workshop, "always_passes provides_tool requires_tool")

    group = read_toml(workshop.layers / "group.toml").data
    plan = read_toml(workshop.layers / "plan.toml").data
    assert {
        "id": "fixtures/always-passes",
        "version": "1.0.0",
        "api": "0.12",
        "homepage": "https://example.org/always",
    } == group["group"][0]
    assert {
        "entries": [
            {
                "providers": [{"id": "fixtures/provides-tool", "version": "1.0.0"}],
                "requires": [{"name": "tool", "metadata": {"version": "3.*"}}],
            }
        ]
    } == plan


@pytest.mark.requirement("buildpack.detection.filtered")
def test_detect_drops_optional_buildpacks_that_do_not_pass(workshop: Workshop) -> None:
    """Neither a failing nor a broken optional buildpack costs the group."""
    detected = _detect(workshop, "never_passes? always_passes breaks_detect? malformed_plan?")

    assert ["always-passes"] == _group(detected)


def test_detect_drops_optional_buildpacks_whose_offer_nobody_needs(workshop: Workshop) -> None:
    """A provider that nobody requires is not needed, and the report says so."""
    detected = _detect(workshop, "provides_tool? always_passes")

    assert ["always-passes"] == _group(detected)
    assert "fixtures/provides-tool@1.0.0 not needed" in workshop.reporter.texts(Kind.STEP)


def test_detect_expands_composite_buildpacks(workshop: Workshop) -> None:
    """A composite stands for its orders; the first whose buildpacks pass is taken."""
    assert ["provides-tool", "requires-tool", "always-passes"] == _group(_detect(workshop, "composite always_passes"))


def test_detect_fails_a_group_whose_plan_does_not_hold(workshop: Workshop) -> None:
    """A requirement that comes before its provider is not met; the reason names both."""
    with pytest.raises(NothingDetectedError) as error:
        _detect(workshop, "requires_tool provides_tool")

    assert 20 == error.value.exit_code
    assert "requires 'tool', which no buildpack before it provides" in error.value.groups[0]


def test_detect_says_what_each_buildpack_said(workshop: Workshop) -> None:
    """When nothing passes, every buildpack's own words are shown, and the exit code is 20."""
    with pytest.raises(NothingDetectedError) as error:
        _detect(workshop, "never_passes", "always_passes never_passes")

    explanation = error.value.explain()
    assert 20 == error.value.exit_code
    assert "No buildpack recognises this app" == explanation.what
    assert explanation.why.startswith(
        "fixtures/never-passes@1.0.0: does not apply\n    no such file: app.json\nfixtures/always-passes@1.0.0: passes"
    )


@pytest.mark.requirement("platform.detector.exit-21")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("breaks_detect", "broke with exit code 3\n    it went wrong"),
        ("malformed_plan", "is not valid TOML"),
    ],
)
def test_detect_tells_broken_from_failed(workshop: Workshop, name: str, words: str) -> None:
    """When a buildpack broke, the exit code is 21 and the error names it."""
    with pytest.raises(NothingDetectedError) as error:
        _detect(workshop, f"always_passes {name}")

    explanation = error.value.explain()
    assert 21 == error.value.exit_code
    assert name.replace("_", "-") in explanation.what
    assert words in explanation.why


def test_detect_treats_a_missing_program_as_broken(workshop: Workshop) -> None:
    """A buildpack without ``bin/detect`` breaks its group, not the whole detection."""
    (workshop.buildpacks / "fixtures_two-processes" / "1.0.0" / "bin" / "detect").unlink()

    assert ["always-passes"] == _group(_detect(workshop, "two_processes", "always_passes"))
    with pytest.raises(NothingDetectedError) as error:
        _detect(workshop, "two_processes")
    assert 21 == error.value.exit_code


def test_detect_asks_each_buildpack_once(workshop: Workshop) -> None:
    """Answers are remembered across groups."""
    _detect(workshop, "always_passes never_passes", "two_processes never_passes", "always_passes two_processes")

    assert ["fixtures_always-passes", "fixtures_never-passes", "fixtures_two-processes"] == workshop.session.programs(
        "detect"
    )


def test_detect_asks_a_group_at_once(workshop: Workshop) -> None:
    """Two buildpacks that wait for each other both pass."""
    for name, other in (("one", "two"), ("two", "one")):
        wait = f"for i in $(seq 100); do [ -e ../{other} ] && exit 0; sleep 0.02; done"
        script = f"#!/bin/sh\ntouch ../{name}\n{wait}\nexit 100\n"
        workshop.write_buildpack(name, {"bin/detect": script})

    begin = time.monotonic()
    detected = _detect(workshop, "one two")

    assert ["one", "two"] == _group(detected)
    assert time.monotonic() - begin < 2


def test_detect_does_not_take_an_old_plan_for_an_answer(workshop: Workshop) -> None:
    """What an earlier build left in the scratch directory is no plan."""
    _detect(workshop, "provides_tool requires_tool")
    workshop.write_buildpack("silent", {})
    stale = workshop.directories.scratch.host / "plan-fixtures_silent-1.0.0.toml"
    stale.write_text('[[requires]]\nname = "nothing has it"\n')

    assert ["silent"] == _group(_detect(workshop, "silent"))


def test_detect_does_not_read_a_plan_through_a_link(workshop: Workshop) -> None:
    """A plan that is a link out of the scratch directory breaks the buildpack."""
    (workshop.root / "secret.toml").write_text('[[provides]]\nname = "tool"\n')
    script = f'#!/bin/sh\nln -s {workshop.root}/secret.toml "$CNB_BUILD_PLAN_PATH"\n'
    workshop.write_buildpack("sly", {"bin/detect": script})

    with pytest.raises(NothingDetectedError) as error:
        _detect(workshop, "sly requires_tool")

    assert 21 == error.value.exit_code


@pytest.mark.requirement("buildpack.detection.targets", "deviation.optional-wrong-target")
@pytest.mark.parametrize(
    ("targets", "passes"),
    [
        ('[[targets]]\nos = "linux"\narch = "amd64"\n', True),
        ('[[targets]]\nos = "windows"\n[[targets]]\narch = "amd64"\n', True),
        ('[[targets]]\nos = "linux"\narch = "arm64"\n', False),
        ('[[targets]]\nos = "linux"\n[[targets.distros]]\nname = "alpine"\nversion = "3"\n', False),
    ],
)
def test_detect_does_not_ask_buildpacks_for_other_targets(workshop: Workshop, targets: str, *, passes: bool) -> None:
    """A buildpack is asked only when one of its targets accepts the run image's."""
    workshop.write_buildpack("aimed", {}, toml=targets)
    target = Target(os="linux", arch="amd64", distro=Distro(name="debian", version="13"))

    detected = _detect(workshop, "aimed? always_passes", target=target)

    assert passes == ("aimed" in _group(detected))
    assert passes == ("fixtures_aimed" in workshop.session.programs("detect"))


def test_detect_fails_a_required_buildpack_for_another_target_as_an_error(workshop: Workshop) -> None:
    """It is not asked, and as nothing else passes either the exit code is 21."""
    workshop.write_buildpack("aimed", {}, toml='[[targets]]\narch = "arm64"\n')

    with pytest.raises(NothingDetectedError) as error:
        _detect(workshop, "aimed", "aimed? never_passes")

    assert 21 == error.value.exit_code
    assert "was not asked: it builds for any/arm64, not for linux/amd64 (debian 13)" in error.value.explain().why
    assert ["fixtures_never-passes"] == workshop.session.programs("detect")


def test_detect_does_not_take_an_optional_buildpack_for_another_target_for_an_error(workshop: Workshop) -> None:
    """Optional means that it may be for other images: 20, and no warning when the group passes."""
    workshop.write_buildpack("aimed", {}, toml='[[targets]]\narch = "arm64"\n')

    with pytest.raises(NothingDetectedError) as error:
        _detect(workshop, "aimed? never_passes")
    assert 20 == error.value.exit_code
    _detect(workshop, "aimed? always_passes")
    assert [] == workshop.reporter.texts(Kind.WARNING)


def test_detect_knows_no_targets_before_platform_0_11(workshop: Workshop) -> None:
    """Older platforms match stacks, and every buildpack is asked."""
    workshop.write_buildpack("aimed", {}, toml='[[targets]]\narch = "arm64"\n')

    assert ["aimed"] == _group(_detect(workshop, "aimed", rules=DetectRules(platform_api=ApiVersion(0, 11))))


_SYSTEM = System(pre=a_group("provides_tool?"), post=a_group("two_processes"))


@pytest.mark.requirement("platform.detector.system-pre", "platform.detector.system-post", "deviation.system-optional")
def test_detect_puts_system_buildpacks_around_each_group(workshop: Workshop) -> None:
    """The operator's buildpacks take part in every build; an optional one only where it is of use."""
    rules = DetectRules(system=_SYSTEM)

    assert ["always-passes", "two-processes"] == _group(_detect(workshop, "always_passes", rules=rules))
    assert ["provides-tool", "requires-tool", "two-processes"] == _group(
        _detect(workshop, "requires_tool", rules=rules)
    )


@pytest.mark.requirement("platform.detector.system-required")
def test_detect_fails_a_group_whose_system_buildpack_does_not_pass(workshop: Workshop) -> None:
    """A required system buildpack is as required as any other."""
    with pytest.raises(NothingDetectedError):
        _detect(workshop, "always_passes", rules=DetectRules(system=System(pre=a_group("never_passes"))))


def test_detect_ignores_system_buildpacks_before_platform_0_15(workshop: Workshop) -> None:
    """Older platforms do not know system.toml."""
    rules = DetectRules(system=_SYSTEM, platform_api=ApiVersion(0, 14))

    assert ["always-passes"] == _group(_detect(workshop, "always_passes", rules=rules))


@pytest.mark.requirement("buildpack.detection.exec-env")
def test_detect_skips_what_is_for_other_execution_environments(workshop: Workshop) -> None:
    """A required buildpack for tests neither takes part in production nor fails the group."""
    workshop.write_buildpack("tests", {}, toml='exec-env = ["test"]\n')

    assert ["always-passes"] == _group(_detect(workshop, "tests always_passes"))
    assert ["tests", "always-passes"] == _group(_detect(workshop, "tests always_passes", exec_env="test"))
    older = DetectRules(platform_api=ApiVersion(0, 14))
    assert ["tests", "always-passes"] == _group(_detect(workshop, "tests always_passes", rules=older))


@pytest.mark.requirement("image_extension.detection.extension-dir", "image_extension.detection.plan-entries")
def test_detect_lets_extensions_provide_for_buildpacks(workshop: Workshop) -> None:
    """An extension that passes goes into ``group-extensions``, and the plan says that it provides."""
    provides = '#!/bin/sh\n[ "$CNB_EXTENSION_DIR" ] && printf "[[provides]]\\nname = \\"tool\\"\\n" >"$2"\n'
    workshop.write_extension("tool", {"bin/detect": provides})

    detected = _detect(workshop, "requires_tool", extensions=["tool"])

    assert (["tool"], ["requires-tool"]) == (_extensions(detected), _group(detected))
    assert [{"id": "fixtures/tool", "version": "1.0.0", "api": "0.12"}] == read_toml(
        workshop.layers / "group.toml"
    ).data["group-extensions"]
    providers = read_toml(workshop.layers / "plan.toml").data["entries"][0]["providers"]
    assert [{"id": "fixtures/tool", "version": "1.0.0", "extension": True}] == providers


@pytest.mark.requirement("image_extension.detection.without-detect")
def test_detect_takes_an_extension_without_a_program_as_its_own_output(workshop: Workshop) -> None:
    """Without ``bin/detect`` it passes, and ``detect/plan.toml`` is its plan."""
    workshop.write_extension("bare", {})
    workshop.write_extension("tool", {"detect/plan.toml": '[[provides]]\nname = "tool"\n'})

    detected = _detect(workshop, "requires_tool", extensions=["bare tool"])

    assert ["bare", "tool"] == _extensions(detected)


@pytest.mark.requirement("image_extension.detection.provides-only", "buildpack.order-resolution.extensions-optional")
def test_detect_drops_an_extension_that_is_of_no_use(workshop: Workshop) -> None:
    """Extensions are always optional: failing, providing for nobody or breaking the rules costs no group."""
    workshop.write_extension("unused", {"detect/plan.toml": '[[provides]]\nname = "tool"\n'})
    workshop.write_extension("fails", {"bin/detect": "#!/bin/sh\nexit 100\n"})
    workshop.write_extension("asks", {"detect/plan.toml": '[[requires]]\nname = "tool"\n'})

    detected = _detect(workshop, "always_passes", extensions=["unused fails asks"])

    assert ([], ["always-passes"]) == (_extensions(detected), _group(detected))
    (warning,) = workshop.reporter.texts(Kind.WARNING)
    assert "fixtures/asks@1.0.0 broke: its plan has 'requires', but an extension may only provide" in warning


def test_detect_keeps_an_extension_and_a_buildpack_of_one_id_apart(workshop: Workshop) -> None:
    """Each has its own directory and is asked itself."""
    workshop.write_extension("always-passes", {"bin/detect": "#!/bin/sh\nexit 0\n"})

    detected = _detect(workshop, "always_passes", extensions=["always_passes"])

    assert (["always-passes"], ["always-passes"]) == (_extensions(detected), _group(detected))
    assert 2 == len(workshop.session.programs("detect"))


def test_detect_needs_a_buildpack_beside_extensions(workshop: Workshop) -> None:
    """Extensions alone build nothing."""
    workshop.write_extension("bare", {})

    with pytest.raises(NothingDetectedError) as error:
        _detect(workshop, "never_passes?", extensions=["bare"])

    assert 20 == error.value.exit_code


def test_detect_refuses_a_version_beside_the_name(workshop: Workshop) -> None:
    """What a buildpack asks for about a version stands in the metadata."""
    script = '#!/bin/sh\nprintf "[[requires]]\\nname = \\"x\\"\\nversion = \\"1\\"\\n" >"$2"\n'
    workshop.write_buildpack("older", {"bin/detect": script})

    with pytest.raises(NothingDetectedError) as error:
        _detect(workshop, "older")

    assert "write it as 'metadata.version'" in error.value.explain().why


@pytest.mark.requirement("buildpack.api.conform-or-fail")
def test_detect_refuses_a_buildpack_of_an_unknown_api(workshop: Workshop) -> None:
    """An API version this lifecycle does not speak ends with exit code 12."""
    workshop.write_buildpack(
        "new", {"buildpack.toml": 'api = "9.9"\n[buildpack]\nid = "fixtures/new"\nversion = "1.0.0"\n'}
    )

    with pytest.raises(UnsupportedApiError) as error:
        _detect(workshop, "new")

    assert 12 == error.value.exit_code


@pytest.mark.requirement("buildpack.detect.invoked", "buildpack.detect.environment")
def test_detect_runs_in_the_app_with_arguments_and_variables(workshop: Workshop) -> None:
    """A ``bin/detect`` gets platform directory and plan file as arguments and as variables."""
    _detect(workshop, "always_passes")

    (command,) = workshop.session.commands
    env = {name: value.decode() for name, value in command.env.items()}
    assert (str(workshop.platform), env["CNB_BUILD_PLAN_PATH"]) == command.argv[1:]
    assert str(workshop.app) == str(command.working_dir)
    assert str(workshop.buildpacks / "fixtures_always-passes" / "1.0.0") == env["CNB_BUILDPACK_DIR"]
    assert ("linux", "amd64", "debian", "13", "production") == (
        env["CNB_TARGET_OS"],
        env["CNB_TARGET_ARCH"],
        env["CNB_TARGET_DISTRO_NAME"],
        env["CNB_TARGET_DISTRO_VERSION"],
        env["CNB_EXEC_ENV"],
    )
