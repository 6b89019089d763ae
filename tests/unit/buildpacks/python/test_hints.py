"""What an error adds to a package manager's own words, where they are known. The words are real ones, shortened."""

from __future__ import annotations

import pytest

from buildpacks.python.errors import InstallDependenciesError, InstallLockedError


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ERROR: No matching distribution found for flsk==9", ["Check the name and version"]),
        (
            "Ignoring version 4.4.7 of celery since it has invalid metadata\nERROR: No matching distribution found",
            ["Move to a newer release of that package"],
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", ["Update the hashes"]),
        ("src/blob.h:4:10: fatal error: sqlite3.h: No such file or directory", ["Remove pysqlite3"]),
        ("gdal_config_error: [Errno 2] No such file or directory: 'gdal-config'", ["gdal-bin and libgdal-dev"]),
        ("ERROR: something else", ["Read the last lines of pip's message"]),
    ],
)
def test_pip_hints(words: str, expected: list[str]) -> None:
    """Each known failure of pip has its way out; the reason is named, not what follows from it."""
    fix = InstallDependenciesError(last_lines=tuple(words.splitlines())).explain().fix

    assert len(fix) == len(expected)
    assert all(part in step for part, step in zip(expected, fix, strict=True))


@pytest.mark.parametrize(
    ("manager", "words", "expected"),
    [
        ("uv", "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.", "Run 'uv lock'"),
        (
            "Poetry",
            "pyproject.toml changed significantly since poetry.lock was last generated. Run `poetry lock` to fix it.",
            "Run 'poetry lock'",
        ),
        ("Pipenv", "Pipfile.lock is out-of-date. Run $ pipenv lock to update.", "Run 'pipenv lock'"),
        (
            "Poetry",
            "Current Python version (3.13.5) is not allowed by the project (<3.13).",
            "ask for the same Python",
        ),
        ("Pipenv", "Warning: Your Pipfile requires python_version 3.11, but you are using 3.13.5", "the same Python"),
        (
            "uv",
            "error: The requested interpreter is incompatible with the project's Python requirement: `>=3.14`",
            "the same Python",
        ),
        ("uv", "error: something else", "Read uv's last lines"),
    ],
)
def test_lock_hints(manager: str, words: str, expected: str) -> None:
    """Each known failure of a tool with a lock file has its way out."""
    (step,) = InstallLockedError(manager=manager, last_lines=(words,)).explain().fix  # type: ignore[arg-type]

    assert expected in step
