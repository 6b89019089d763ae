"""How failures end: in words, with a code, without a traceback."""

from __future__ import annotations

import errno

import pytest

from builder.cli.failures import explain_failure
from lifecycle_py.errors import BuildpackFailedError, NothingDetectedError, Refusal
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.spec.errors import ExplainedError


def test_error_says_what_why_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """All three parts are on stderr, none on stdout."""
    code = explain_failure(ImageNotFoundError(reference="shpo", place="the store", known=("shop",)), color=False)
    captured = capsys.readouterr()

    assert 1 == code
    assert "" == captured.out
    assert "\nError: There is no image 'shpo'\n  looked in the store\n\n  Did you mean 'shop'?\n" == captured.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BuildpackFailedError(buildpack="a/b@1", status="exit code 1"), 51),
        (NothingDetectedError(refusals=(), groups=()), 20),
        (
            NothingDetectedError(
                refusals=(Refusal(buildpack="a/b@1", verdict="broke", output="", errored=True),), groups=()
            ),
            21,
        ),
    ],
)
def test_phase_errors_keep_the_specification_s_codes(error: ExplainedError, code: int) -> None:
    """What a platform reads from the exit code is what the specification says."""
    assert code == explain_failure(error, color=False)


def test_full_disk_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """No space is told as such, with the settings that choose another place."""
    code = explain_failure(OSError(errno.ENOSPC, "No space left on device", "/x"), color=False)

    assert 1 == code
    assert "The disk is full" in (text := capsys.readouterr().err)
    assert "OFFRAMP_CACHE" in text


def test_fault_of_ours_asks_for_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown exception is called an internal error, and shows no traceback unless asked."""
    explain_failure(ValueError("boom"), color=False)
    text = capsys.readouterr().err

    assert "Internal error" in text
    assert "ValueError: boom" in text
    assert "Traceback" not in text


def test_traceback_on_request(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """OFFRAMP_TRACEBACK=1 shows where it happened."""
    monkeypatch.setenv("OFFRAMP_TRACEBACK", "1")
    explain_failure(ValueError("boom"), color=False)

    assert "ValueError: boom\n" in capsys.readouterr().err
