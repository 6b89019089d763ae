"""What a build says: a header, steps, details, streamed commands, warnings and errors.

    Python
    - Using Python 3.13.5 (from .python-version)
    - Installing dependencies with pip 26.3
        Collecting django==5.2.19
      Done (4.2 s)

Steps go to standard output, warnings and errors to standard error. Colour is used on a terminal only, and never when
NO_COLOR is set; without it every line is plain text that a test can compare.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from buildpacks.sdk.redaction import Redactor
from lifecycle_py.spec.errors import Explanation, Source

if TYPE_CHECKING:
    from buildpacks.sdk.layers import LayerState

_SHOWN_FROM_SECONDS = 1.0
_BOLD, _DIM, _YELLOW, _RED = "1", "2", "33", "31"
_ADVICE = {
    Source.USER: "",
    Source.OURS: "This looks like a fault of the buildpack or of the build image. Please report it with this log.",
    Source.NETWORK: "The network failed, not your app. Trying again often helps.",
}


class Output:
    """Writes the log of one phase; every text passes the redactor first."""

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        *,
        redactor: Redactor | None = None,
        colour: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write to the given streams."""
        self._stdout = stdout
        self._stderr = stderr
        self._redact = redactor or Redactor()
        self._colour = colour
        self._clock = clock

    def header(self, name: str) -> None:
        """Begin the log of a buildpack."""
        self._write(self._stdout, self._styled(name, _BOLD))

    def answer(self, reason: str) -> None:
        """Say why detection passes or fails; the platform shows the first line beside the buildpack's name."""
        self._write(self._stdout, reason)

    def step(self, decision: str) -> None:
        """Say what is done and why, in the present tense."""
        self._write(self._stdout, f"- {decision}")

    def detail(self, text: str) -> None:
        """Say something that belongs to the last step."""
        self._write(self._stdout, f"  {text}")

    def command_line(self, line: str) -> None:
        """Show one line of a running command's output."""
        self._write(self._stdout, self._styled(f"    {line}".rstrip(), _DIM))

    def warning(self, what: str, *details: str) -> None:
        """Say what will hurt later, and what to do about it."""
        self._write(self._stderr, self._styled(f"! Warning: {what}", _YELLOW))
        for detail in details:
            self._write(self._stderr, f"  {detail}")

    def state(self, what: str, state: LayerState) -> None:
        """Say whether ``what`` is used from the cache; if it was discarded, list every reason at once."""
        from buildpacks.sdk.layers import Empty, Outdated, Restored

        match state:
            case Restored():
                self.step(f"Using cached {what}")
            case Outdated(reasons):
                self.step(f"Updating cached {what} since:")
                self._reasons(reasons)
            case Empty() if state.discarded:
                self.step(f"Discarding cached {what} since:")
                self._reasons(state.discarded)
            case Empty():
                pass

    @contextmanager
    def timed(self, decision: str) -> Iterator[None]:
        """Say a step, run the block, and say how long it took when a person would have noticed."""
        self.step(decision)
        began = self._clock()
        yield
        seconds = self._clock() - began
        if seconds >= _SHOWN_FROM_SECONDS:
            self.detail(f"Done ({seconds:.1f} s)")

    def error(self, explanation: Explanation, source: Source = Source.USER) -> None:
        """Explain a failure: what, why, the steps that mend it, and who can."""
        write = self._stderr
        self._write(write, self._styled(f"! Error: {explanation.what}", _RED))
        for line in explanation.why.splitlines():
            self._write(write, f"  {line}".rstrip())
        if explanation.fix:
            self._write(write, "\n  What to do:")
            for number, step in enumerate(explanation.fix, start=1):
                first, *more = step.splitlines()
                self._write(write, f"  {number}. {first}")
                for line in more:
                    self._write(write, f"     {line}")
        if _ADVICE[source]:
            self._write(write, f"\n  {_ADVICE[source]}")

    def _reasons(self, reasons: Sequence[object]) -> None:
        for reason in reasons:
            self.detail(f"- {reason}")

    def _styled(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _write(self, stream: TextIO, text: str) -> None:
        stream.write(f"{self._redact(text)}\n")
        stream.flush()


def standard_output(environment: dict[str, str], redactor: Redactor) -> Output:
    """Make the output of this process."""
    is_terminal = sys.stdout.isatty() and environment.get("TERM", "") != "dumb"
    return Output(sys.stdout, sys.stderr, redactor=redactor, colour=is_terminal and not environment.get("NO_COLOR"))
