"""Every error of every package: it explains itself, stands in its module's tree, and its text is what was agreed.

``UPDATE_SNAPSHOTS=1`` writes the texts anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import pytest

import builder.errors
import buildpacks.apt.errors
import buildpacks.go.errors
import buildpacks.heroku_classic.errors
import buildpacks.nodejs.errors
import buildpacks.procfile.errors
import buildpacks.python.errors
import buildpacks.ruby.app_errors
import buildpacks.ruby.errors
import buildpacks.sdk.errors
import lifecycle_py.caches.errors
import lifecycle_py.dockerfile.errors
import lifecycle_py.errors
import lifecycle_py.launcher.errors
import lifecycle_py.oci.errors
import lifecycle_py.packaging.errors
import lifecycle_py.spec.errors
from lifecycle_py.spec.errors import ExplainedError
from tests.support.error_samples import errors_of, is_raised, sample

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"
MODULES = [
    lifecycle_py.spec.errors,
    lifecycle_py.oci.errors,
    lifecycle_py.caches.errors,
    lifecycle_py.dockerfile.errors,
    lifecycle_py.errors,
    lifecycle_py.launcher.errors,
    lifecycle_py.packaging.errors,
    builder.errors,
    buildpacks.sdk.errors,
    buildpacks.go.errors,
    buildpacks.nodejs.errors,
    buildpacks.procfile.errors,
    buildpacks.apt.errors,
    buildpacks.heroku_classic.errors,
    buildpacks.python.errors,
    buildpacks.ruby.app_errors,
    buildpacks.ruby.errors,
]
RAISED = [error for module in MODULES for error in errors_of(module) if is_raised(error)]


def render(error: ExplainedError) -> str:
    """Give an error's text with its parts marked."""
    explanation = error.explain()
    lines = [f"== {type(error).__name__} (exit code {error.exit_code}, {error.source})", explanation.what]
    lines += [f"  | {line}".rstrip() for line in explanation.why.splitlines()]
    lines += [f"  {number}. {step}" for number, step in enumerate(explanation.fix, start=1)]
    return "\n".join(lines)


@pytest.mark.parametrize("error", RAISED, ids=lambda error: error.__name__)
def test_error_explains_itself(error: type[ExplainedError]) -> None:
    """What happened is one line without a full stop; every step says something; logs begin with the same words."""
    explanation = sample(error).explain()

    assert explanation.what
    assert "\n" not in explanation.what
    assert not explanation.what.endswith(".")
    assert all(explanation.fix)
    assert str(sample(error)).startswith(explanation.what)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_error_stands_in_its_module_s_tree(module: ModuleType) -> None:
    """The tree at the top of the module is whole."""
    assert [] == [error.__name__ for error in errors_of(module) if error.__name__ not in (module.__doc__ or "")]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_texts_are_what_was_agreed(module: ModuleType) -> None:
    """No text changes by accident: all of them stand in tests/snapshots, to be read as a user would."""
    texts = "\n\n".join(render(sample(error)) for error in errors_of(module) if is_raised(error)) + "\n"
    file = SNAPSHOTS / f"{module.__name__}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.write_text(texts)

    assert file.read_text() == texts
