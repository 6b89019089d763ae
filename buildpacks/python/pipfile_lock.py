"""Reading ``Pipfile.lock``: which Python it asks for. Bytes in, a version out; no file is touched here."""

from __future__ import annotations

from buildpacks.python.errors import InvalidPipfileLockError, InvalidPipfileVersionError
from buildpacks.python.version_files import WantedVersion, parse_version, printable

PIPFILE_LOCK = "Pipfile.lock"
# The field that Pipenv obeys first stands first. A full version has three numbers, the other one has two.
_FIELDS = {"python_full_version": 3, "python_version": 2}


def parse_requires(data: bytes) -> WantedVersion | None:
    """Read the Python that ``_meta.requires`` asks for, or None when it leaves the choice to us.

    Raises:
        InvalidPipfileLockError: it is not the JSON that Pipenv writes.
        InvalidPipfileVersionError: the version is none.
    """
    import json

    try:
        document = json.loads(data)
        requires = document.get("_meta", {}).get("requires", {})
        wanted = {name: requires[name] for name in _FIELDS if name in requires}
    except (ValueError, RecursionError) as error:
        raise InvalidPipfileLockError(problem=str(error)) from None
    except (AttributeError, TypeError):
        raise InvalidPipfileLockError(problem="it does not have the form that Pipenv writes") from None
    for name, value in wanted.items():
        version = parse_version(value) if isinstance(value, str) else None
        if version is None or len(str(version).split(".")) != _FIELDS[name]:
            raise InvalidPipfileVersionError(field=name, value=printable(str(value)))
        return version
    return None
