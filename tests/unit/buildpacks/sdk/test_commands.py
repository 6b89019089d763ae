"""Running programs, and keeping secrets out of what they print."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.sdk.commands import Command, run, run_program
from buildpacks.sdk.errors import CommandFailedError, CommandNotFoundError
from buildpacks.sdk.redaction import MASK, Redactor, redact_urls


def _python(code: str) -> Command:
    return Command(argv=(sys.executable, "-IS", "-c", code), environment={"PATH": "/bin"}, working_dir=Path("/"))


def test_run_streams_and_gives_lines() -> None:
    """Both output streams arrive line by line; a progress bar shows its last state."""
    shown: list[str] = []

    code = "import sys; print('one'); sys.stdout.flush(); sys.stderr.write('10%\\r100%\\n')"
    lines = run(_python(code), run_program, Redactor(), shown.append)

    assert lines == ("one", "100%")
    assert shown == ["one", "100%"]


def test_run_failure_carries_redacted_evidence() -> None:
    """A failed command carries its arguments, its status and its last lines, all without credentials."""
    code = "print('Looking in indexes: https://me:hunter2@pypi.example/simple'); raise SystemExit(3)"

    with pytest.raises(CommandFailedError) as caught:
        run(_python(code), run_program, Redactor(), lambda _line: None)

    assert caught.value.status == 3
    assert caught.value.last_lines == (f"Looking in indexes: https://{MASK}@pypi.example/simple",)
    assert "hunter2" not in str(caught.value)


def test_run_unknown_program() -> None:
    """A program that is not installed is told apart from one that fails."""
    command = Command(argv=("no-such-program",), environment={"PATH": "/bin"}, working_dir=Path("/"))

    with pytest.raises(CommandNotFoundError):
        run(command, run_program, Redactor(), lambda _line: None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:pw@host/x", f"https://{MASK}@host/x"),
        ("git+https://token@host/x and ftp://a:b@c", f"git+https://{MASK}@host/x and ftp://{MASK}@c"),
        ("https://user:p@ss@host", f"https://{MASK}@host"),
        ("https://host/path@1.0", "https://host/path@1.0"),
        ("mail me@host", "mail me@host"),
    ],
)
def test_redact_urls(text: str, expected: str) -> None:
    """Credentials of an address are masked, everything else stays."""
    assert redact_urls(text) == expected


@given(
    st.text("abc/@: ", max_size=20),
    st.text("xyz019", min_size=7, max_size=20),
    st.text("def/@: ", max_size=20),
)
def test_redact_urls_never_leaks(before: str, password: str, after: str) -> None:
    """Whatever surrounds an address, its password does not survive."""
    assert password not in redact_urls(f"{before} https://user:{password}@host/{after}")


def test_redactor_for_environment() -> None:
    """Values of variables named like secrets are masked, and passwords inside addresses; short values are not."""
    redact = Redactor.for_environment(
        {"DJANGO_SECRET_KEY": "s3cr3t-value", "DATABASE_URL": "postgres://u:pass-word@db/x", "TOKENS": "1", "LANG": "C"}
    )

    assert redact("key s3cr3t-value, pass-word, 1, C") == f"key {MASK}, {MASK}, 1, C"


def test_redactor_knows_credentials_for_git() -> None:
    """Of Heroku's ``user:password`` for Git servers, the password is masked alone as well."""
    redact = Redactor.for_environment({"GO_GIT_CRED__HTTPS__GITHUB__COM": "me:hunter22"})

    assert redact("hunter22 and me:hunter22") == f"{MASK} and {MASK}"
