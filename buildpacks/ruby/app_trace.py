"""What of a Ruby trace is worth a reader's time: the message, and the lines that are the app's own. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHOWN = 20
_FRAME = re.compile(r"^\s*(?:from )?(?P<path>/?[^\s:]+\.(?:rb|rake|erb|ru)|[^\s:]*[Rr]akefile[^\s:]*):\d+")
_FOREIGN = ("/layers/", "/usr/", "<internal:")
_INSTALLED = "/vendor/bundle/"
# Where nobody catches an error, Ruby writes the message behind the first frame: 'require': no such file (LoadError)
_MESSAGE = re.compile(r": .*\([A-Z]\w*(?:::\w+)*\)$")
_NOISE = ("rake aborted!", "Tasks: TOP", "(See full trace by", "** Invoke", "** Execute", "Caused by:")


def app_lines(lines: Iterable[str]) -> tuple[str, ...]:
    """Leave out frames of gems and of Ruby's own library, and what rake says around them; give the last lines left."""
    kept = [line for line in lines if not _is_foreign(line) and not line.startswith(_NOISE)]
    return tuple(kept[-_SHOWN:])


def _is_foreign(line: str) -> bool:
    text = line.strip().removeprefix("from ")
    is_frame = _FRAME.match(line) is not None or text.startswith("<internal:")
    return is_frame and (text.startswith(_FOREIGN) or _INSTALLED in text) and not _MESSAGE.search(text)
