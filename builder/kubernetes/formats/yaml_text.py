"""Objects as YAML text: block style, keys in the given order, and no string that a reader takes for something else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

# What YAML 1.1 (PyYAML, most of Go) or 1.2 reads as a number or a date; '12e45' is one for Go and none for PyYAML.
_NUMBER_LIKE = re.compile(r"[-+]?[.]?[0-9][0-9a-fA-FxXoOtTzZ_.,:+ -]*")
_WORDS = frozenset(
    {"", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", "-.inf", "+.inf", ".nan"}
)
_NEVER_FOLDED = 1_000_000


class _Dumper(yaml.SafeDumper):
    """Quotes more than PyYAML would, and never abbreviates a value that occurs twice."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out."""
        del data
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # PyYAML writes U+0085 in a form that it reads back as a blank; double quotes escape all such characters.
    quoted = text.lower() in _WORDS or _NUMBER_LIKE.fullmatch(text) or not text.isprintable()
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted else None)


_Dumper.add_representer(str, _represent_text)


def to_yaml(objects: Iterable[Mapping[str, Any]]) -> str:
    """Give objects as the documents of one YAML file."""
    return "---\n".join(
        yaml.dump(
            dict(one),
            Dumper=_Dumper,
            sort_keys=False,
            default_flow_style=False,
            allow_unicode=True,
            width=_NEVER_FOLDED,
        )
        for one in objects
    )


def comment(text: str) -> str:
    """Give a comment line; characters that could end it, or fool a reader, are written as escapes."""
    safe = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return f"# {safe}\n"
