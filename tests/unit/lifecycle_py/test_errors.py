"""Every error explains itself, ends with a code of the specification, and stands in its module's tree."""

from __future__ import annotations

import dataclasses
import typing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lifecycle_py import errors
from lifecycle_py.errors import BuildpackMissingError, ImageNotFoundError, NothingDetectedError, Refusal
from lifecycle_py.spec import errors as spec_errors
from lifecycle_py.spec.errors import ExplainedError, TomlSyntaxError


def _errors_of(module: ModuleType) -> list[type[ExplainedError]]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, ExplainedError) and value.__module__ == module.__name__
    ]


_ERRORS = [*_errors_of(errors), *_errors_of(spec_errors)]
_RAISED = [one for one in _ERRORS if "__dataclass_fields__" in vars(one)]
_SAMPLES: dict[object, Any] = {str: "some-text", int: 7, Path: Path("/some/file"), type(None): None}


def _sample(kind: object) -> Any:
    if kind in _SAMPLES:
        return _SAMPLES[kind]
    arguments = typing.get_args(kind)
    if Ellipsis in arguments or (typing.get_origin(kind) is not typing.Union and len(arguments) == 1):
        return (_sample(arguments[0]),)
    if arguments:
        return _sample(arguments[0])
    return Refusal(buildpack="a@1", verdict="does not apply", output="line one\nline two")


def _make(error: type[ExplainedError]) -> ExplainedError:
    hints = typing.get_type_hints(error)
    fields = dataclasses.fields(error)  # type: ignore[arg-type]
    return error(**{field.name: _sample(hints[field.name]) for field in fields})


@pytest.mark.parametrize("error", _RAISED, ids=lambda error: error.__name__)
def test_error_explains_itself(error: type[ExplainedError]) -> None:
    """One line says what happened; each step to mend it is a sentence; the text of logs begins alike."""
    made = _make(error)

    explanation = made.explain()
    assert explanation.what
    assert "\n" not in explanation.what
    assert not explanation.what.endswith(".")
    assert all(step for step in explanation.fix)
    assert str(made).startswith(explanation.what)


@pytest.mark.parametrize("error", _RAISED, ids=lambda error: error.__name__)
def test_error_ends_with_a_code_of_the_specification(error: type[ExplainedError]) -> None:
    """A phase's codes are in its own range; 1 and 3 are general."""
    assert _make(error).exit_code in {1, 3, 11, 12, 20, 21, 22, 32, 42, 51, 52, 62, 72, 82}


@pytest.mark.parametrize("module", [errors, spec_errors], ids=["lifecycle_py", "spec"])
def test_every_error_stands_in_its_modules_tree(module: ModuleType) -> None:
    """The tree at the top of the module is whole."""
    missing = [one.__name__ for one in _errors_of(module) if f"{one.__name__}" not in (module.__doc__ or "")]

    assert [] == missing


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
