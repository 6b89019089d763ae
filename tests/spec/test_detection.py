"""Detection against the specification: buildpack.md "Phase #1: Detection", platform.md "detector"."""

from __future__ import annotations

import pytest

from lifecycle_py.detector import detect
from lifecycle_py.errors import BuildpackMissingError, NothingDetectedError
from tests.support.workshop import Workshop, an_order


def _group(workshop: Workshop, *groups: str) -> list[str]:
    detected = detect(an_order(*groups), workshop.runner(), workshop.reporter)
    return [element.id.removeprefix("fixtures/") for element in detected.group.buildpacks]


class TestProcess:
    """Order resolution and the build plan."""

    @pytest.mark.requirement(
        "buildpack.detection.first-group", "buildpack.detection.all-asked", "platform.detector.one-group"
    )
    def test_first_group(self, workshop: Workshop) -> None:
        """The lifecycle MUST select the first passing group."""
        assert ["two-processes"] == _group(workshop, "never_passes always_passes", "two_processes", "always_passes")

    @pytest.mark.requirement("buildpack.detection.order-kept", "buildpack.detection.filtered")
    def test_order(self, workshop: Workshop) -> None:
        """The selected group MUST keep the order of the group definition."""
        assert ["two-processes", "always-passes"] == _group(workshop, "two_processes never_passes? always_passes")

    @pytest.mark.requirement("buildpack.detection.required-fails", "buildpack.detection.none-left")
    def test_required(self, workshop: Workshop) -> None:
        """A group fails if a buildpack that is not optional fails."""
        with pytest.raises(NothingDetectedError):
            _group(workshop, "always_passes never_passes")

    @pytest.mark.requirement("buildpack.detection.none-passes")
    def test_all_optional(self, workshop: Workshop) -> None:
        """At least one buildpack of the group MUST pass."""
        with pytest.raises(NothingDetectedError):
            _group(workshop, "never_passes?")

    @pytest.mark.requirement("buildpack.order-resolution.expanded")
    def test_composite(self, workshop: Workshop) -> None:
        """A composite buildpack MUST be replaced by the groups of its order, in place."""
        assert ["always-passes", "provides-tool", "requires-tool"] == _group(workshop, "always_passes composite")

    def test_same_id(self, workshop: Workshop) -> None:
        """A buildpack that is in a group twice MUST take part once, where it is first."""
        assert ["always-passes", "two-processes"] == _group(workshop, "always_passes two_processes always_passes")

    @pytest.mark.requirement("buildpack.build-plan.unmet-requires", "buildpack.build-plan.all-fail")
    def test_unmet_requirement(self, workshop: Workshop) -> None:
        """A required buildpack whose requirement nobody provides MUST fail the trial."""
        with pytest.raises(NothingDetectedError):
            _group(workshop, "always_passes requires_tool")

    @pytest.mark.requirement("buildpack.build-plan.unused-provides", "buildpack.build-plan.optional-unused")
    def test_unused_offer(self, workshop: Workshop) -> None:
        """A required buildpack whose offer nobody requires MUST fail the trial; an optional one is left out."""
        assert ["always-passes"] == _group(workshop, "provides_tool always_passes", "provides_tool? always_passes")


class TestExitCodes:
    """Exit statuses of ``bin/detect`` and of the detector."""

    @pytest.mark.requirement("platform.detector.exit-20", "platform.detector.exit-21", "buildpack.detect.statuses")
    @pytest.mark.parametrize(
        ("status", "code"), [(100, 20), (1, 21), (2, 21), (99, 21), (101, 21), (127, 21), (255, 21)]
    )
    def test_status(self, workshop: Workshop, status: int, code: int) -> None:
        """100 is a failed detection (20), any status but 0 and 100 an error (21)."""
        workshop.write_buildpack("ends", {"bin/detect": f"#!/bin/sh\nexit {status}\n"})

        with pytest.raises(NothingDetectedError) as error:
            _group(workshop, "ends")

        assert code == error.value.exit_code

    def test_error_does_not_stop(self, workshop: Workshop) -> None:
        """An error in one group MUST NOT keep a later group from passing."""
        assert ["always-passes"] == _group(workshop, "breaks_detect", "always_passes")

    @pytest.mark.requirement("platform.detector.exit-others")
    def test_missing(self, workshop: Workshop) -> None:
        """An order that cannot be resolved is another error of detection (22)."""
        with pytest.raises(BuildpackMissingError) as error:
            _group(workshop, "absent")

        assert 22 == error.value.exit_code


class TestInterface:
    """What ``bin/detect`` is given."""

    @pytest.mark.requirement(
        "buildpack.detect.environment",
        "buildpack.environment.cnb-variables",
        "buildpack.environment.cnb-target",
        "buildpack.environment.cnb-exec-env",
        "platform.buildpack-environment.nothing-else",
        "platform.buildpack-environment.target",
    )
    def test_environment(self, workshop: Workshop) -> None:
        """CNB_* variables MUST be set, unknown target facts MUST NOT, and the host's variables are not inherited."""
        workshop.write_buildpack("shows", {"bin/detect": '#!/bin/sh\n/usr/bin/env >"$CNB_PLATFORM_DIR/seen"\n'})

        _group(workshop, "shows")

        names = {line.partition("=")[0] for line in (workshop.platform / "seen").read_text().splitlines()}
        assert {
            "CNB_BUILDPACK_DIR",
            "CNB_PLATFORM_DIR",
            "CNB_BUILD_PLAN_PATH",
            "CNB_TARGET_OS",
            "CNB_TARGET_ARCH",
            "CNB_TARGET_DISTRO_NAME",
            "CNB_TARGET_DISTRO_VERSION",
            "CNB_EXEC_ENV",
        } == {name for name in names if name.startswith("CNB_")}
        assert {"PATH", "PWD"} >= names - {name for name in names if name.startswith("CNB_")} - {"_", "SHLVL", "OLDPWD"}

    def test_no_input(self, workshop: Workshop) -> None:
        """Standard input is empty: a program that reads it ends."""
        workshop.write_buildpack("reads", {"bin/detect": "#!/bin/sh\ncat\n"})

        assert ["reads"] == _group(workshop, "reads")
