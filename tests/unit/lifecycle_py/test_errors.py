"""The lifecycle's errors: their codes, and what they suggest. Their texts are in tests/unit/test_error_texts.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle_py import errors
from lifecycle_py.caches import errors as caches_errors
from lifecycle_py.errors import BuildpackMissingError, NothingDetectedError, Refusal
from lifecycle_py.launcher import errors as launcher_errors
from lifecycle_py.oci import errors as oci_errors
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.spec import errors as spec_errors
from lifecycle_py.spec.errors import ExplainedError, TomlSyntaxError
from tests.support.error_samples import errors_of, is_raised, sample

_MODULES = (errors, spec_errors, oci_errors, caches_errors, launcher_errors)
_RAISED = [error for module in _MODULES for error in errors_of(module) if is_raised(error)]


@pytest.mark.parametrize("error", _RAISED, ids=lambda error: error.__name__)
def test_error_ends_with_a_code_of_the_specification(error: type[ExplainedError]) -> None:
    """A phase's codes are in its own range; 1 and 3 are general."""
    assert sample(error).exit_code in {1, 3, 11, 12, 20, 21, 22, 32, 42, 51, 52, 62, 72, 82, 91, 92, 102}


def test_names_that_are_nearly_right_get_a_suggestion() -> None:
    """Whoever misspelled something is told the nearest right name."""
    image = ImageNotFoundError(reference="my-ap", place="here", known=("my-app", "other"))
    buildpack = BuildpackMissingError(buildpack="heroku/rubi@1", known=("heroku/ruby@1",))

    assert ("Did you mean 'my-app'?",) == image.explain().fix
    assert ("Did you mean 'heroku/ruby@1'?",) == buildpack.explain().fix


def test_detection_errors_tell_broken_from_unsuitable() -> None:
    """21 when a buildpack broke, 20 when all worked but none wanted the app."""
    codes = [
        NothingDetectedError(
            refusals=(Refusal(buildpack="a@1", verdict="", output="", errored=errored),), groups=()
        ).exit_code
        for errored in (True, False)
    ]

    assert [21, 20] == codes


def test_an_error_in_a_file_names_the_file() -> None:
    """A person can go there."""
    error = TomlSyntaxError(file=Path("/app/project.toml"), problem="line 3, column 4")

    assert "'/app/project.toml' is not valid TOML: line 3, column 4" == str(error)
