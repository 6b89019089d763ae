"""Which Python an app asks for, and where it says so.

Precedence, as on Heroku: ``runtime.txt`` (deprecated), ``.python-version``, ``Pipfile.lock``, the release line the app
was first built with, the default. The default is the stack's own Python, because its security fixes come with the
stack, and because it needs no download.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from buildpacks.python.errors import (
    EndOfLifeVersionError,
    MisspelledVersionFileError,
    RuntimeFileError,
    UnknownVersionError,
    UvNeedsVersionFileError,
)
from buildpacks.python.package_manager import PackageManager
from buildpacks.python.pipfile_lock import PIPFILE_LOCK, parse_requires
from buildpacks.python.version_files import (
    PYTHON_VERSION_FILE,
    RUNTIME_FILE,
    WantedVersion,
    parse_version,
    parse_version_file,
)
from buildpacks.sdk import BuildContext, Rules, TomlTable, Version, names_in, nearest_versions, read_bytes_if_present

OLDEST = (3, 10)
DEFAULT = "the stack's default"
STICKY = "this app's earlier builds"
_STORE_KEY = "python"


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionRequest:
    """What the app asks for and where; ``wanted`` is None when it leaves the choice to us."""

    wanted: WantedVersion | None
    origin: str

    @property
    def is_exact(self) -> bool:
        """Tell whether the app asks for one release, not for a line of them."""
        return self.wanted is not None and self.wanted.patch is not None

    def accepts(self, version: Version) -> bool:
        """Tell whether a release of Python satisfies the request."""
        if self.wanted is None:
            return not version.pre
        if version.pre or version.numbers[:2] != self.wanted.line:
            return False
        return self.wanted.patch is None or version.numbers[2] == self.wanted.patch


def request_version(context: BuildContext, manager: PackageManager, rules: Rules) -> VersionRequest:
    """Find what the app asks for.

    Raises:
        RuntimeFileError: there is a runtime.txt, which the newer rules refuse.
        MisspelledVersionFileError: a name is nearly ``.python-version``, and nothing else decides.
        UvNeedsVersionFileError: the app uses uv without the file that uv itself reads.
        EndOfLifeVersionError: the version is too old to be built.
    """
    if rules is Rules.CNB and (context.app_dir / RUNTIME_FILE).exists():
        raise RuntimeFileError
    request = find_request(context.app_dir, manager)
    if request.wanted is None and rules is Rules.CLASSIC:
        request = _remembered(context) or request
    if request.wanted is not None and request.wanted.line < OLDEST:
        raise EndOfLifeVersionError(version=str(request.wanted), origin=request.origin)
    if request.origin == RUNTIME_FILE:
        context.output.warning(
            "The runtime.txt file is deprecated",
            f"Remove it, and put '{request.wanted}' into a file named .python-version.",
        )
    return request


def find_request(app_dir: Path, manager: PackageManager) -> VersionRequest:
    """Find the file that decides, and parse it."""
    if manager is not PackageManager.UV:  # uv reads .python-version itself, and nothing else
        runtime = read_bytes_if_present(app_dir / RUNTIME_FILE)
        if runtime is not None:
            return VersionRequest(wanted=parse_version_file(runtime, RUNTIME_FILE), origin=RUNTIME_FILE)
    misspelled = [name for name in names_in(app_dir) if is_misspelled(name)]
    if misspelled:
        raise MisspelledVersionFileError(name=misspelled[0])
    contents = read_bytes_if_present(app_dir / PYTHON_VERSION_FILE)
    if contents is not None:
        return VersionRequest(wanted=parse_version_file(contents), origin=PYTHON_VERSION_FILE)
    if manager is PackageManager.UV:
        raise UvNeedsVersionFileError(has_runtime_file=(app_dir / RUNTIME_FILE).exists())
    if manager is PackageManager.PIPENV:
        wanted = parse_requires(read_bytes_if_present(app_dir / PIPFILE_LOCK) or b"{}")
        if wanted is not None:
            return VersionRequest(wanted=wanted, origin=PIPFILE_LOCK)
    return VersionRequest(wanted=None, origin=DEFAULT)


def remember_line(version: Version) -> TomlTable:
    """Give what the next build has to know, so that an app that asks for nothing stays on its release line."""
    return {_STORE_KEY: {"line": "{}.{}".format(*version.numbers[:2])}}


def choose_version(request: VersionRequest, known: Iterable[Version]) -> Version:
    """Choose the newest release that satisfies the request.

    Raises:
        UnknownVersionError: there is none; it names the nearest ones.
    """
    releases = [version for version in known if not version.pre and version.numbers[:2] >= OLDEST]
    fitting = [version for version in releases if request.accepts(version)]
    if fitting:
        return max(fitting, key=lambda version: version.sort_key)
    wanted = request.wanted or WantedVersion(*OLDEST)
    asked = Version((wanted.major, wanted.minor, wanted.patch or 0))
    nearest = tuple(str(version) for version in nearest_versions(asked, releases))
    raise UnknownVersionError(version=str(wanted), origin=request.origin, nearest=nearest)


def is_misspelled(name: str) -> bool:
    """Recognise what people write for ``.python-version``: other separators, case, endings, a trailing space."""
    if name == PYTHON_VERSION_FILE:
        return False
    letters = "".join(char for char in name.lower().removesuffix(".txt") if char.isalpha())
    return letters in {"pythonversion", "pythonversions", "pyhtonversion", "phytonversion", "pythonverson"}


def _remembered(context: BuildContext) -> VersionRequest | None:
    """Give the release line of the app's earlier builds; a memory of another form is none."""
    memory = context.store.get(_STORE_KEY, {})
    wanted = parse_version(str(memory.get("line", ""))) if isinstance(memory, dict) else None
    return VersionRequest(wanted=wanted, origin=STICKY) if wanted else None
