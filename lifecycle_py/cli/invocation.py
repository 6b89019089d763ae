"""One call of a phase program: what was given, made into the inputs that the phases' functions take."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lifecycle_py.cli.flags import Arguments
from lifecycle_py.cli.output import LogReporter
from lifecycle_py.cli.privileges import become
from lifecycle_py.errors import ExperimentalFeatureError, InvalidArgumentError, RegistriesDifferError
from lifecycle_py.inputs import BuildTarget, BuildUser, Directories
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.session import Place
from lifecycle_py.spec.api_versions import ApiVersion, PlatformFeature, supports
from lifecycle_py.spec.targets import Distro, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """A phase, its arguments complete with variables and defaults, and the Platform API in force."""

    phase: str
    arguments: Arguments
    api: ApiVersion
    environ: Mapping[str, str]
    reporter: LogReporter

    @property
    def user(self) -> Owner:
        """Give who the app's files belong to and who the phase runs as."""
        return Owner(self.arguments.number("uid"), self.arguments.number("gid"))

    @property
    def build_user(self) -> BuildUser:
        """Give the user, as the phases' functions take it: by then the phase is that user itself."""
        return BuildUser(inside=self.user)

    @property
    def exec_env(self) -> str:
        """Give the execution environment.

        Raises:
            InvalidArgumentError: it has a slash, which no name of one may have.
        """
        name = self.environ.get("CNB_EXEC_ENV") or "production"
        if "/" in name:
            raise InvalidArgumentError(problem=f"CNB_EXEC_ENV is '{name}', which no execution environment is called")
        return name

    @property
    def source_date_epoch(self) -> int | None:
        """Give the creation time asked for, in seconds; one that is no number is ignored with a warning."""
        text = self.environ.get("SOURCE_DATE_EPOCH", "")
        if not text or not supports(self.api, PlatformFeature.SOURCE_DATE_EPOCH):
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= 11):  # noqa: PLR2004 - the year 5138
            self.reporter.warning("Ignoring invalid SOURCE_DATE_EPOCH")
            return None
        return int(text)

    def become_user(self, *paths: str, also: Iterable[Path] = ()) -> None:
        """Give the directories of these flags, and others, to the build's user, and become that user."""
        given = [self.arguments.path(name) for name in paths if self.arguments.text(name)]
        become(self.user, self.phase, [*given, *also])

    def take_no_arguments(self) -> None:
        """Refuse positional arguments.

        Raises:
            InvalidArgumentError: there are some.
        """
        if self.arguments.positional:
            raise InvalidArgumentError(problem="received unexpected arguments")

    def image(self) -> str:
        """Give the one positional argument.

        Raises:
            InvalidArgumentError: there is none, or several.
        """
        given = self.arguments.positional
        if len(given) != 1:
            raise InvalidArgumentError(problem=f"received {len(given)} arguments, but expected 1")
        return given[0]

    def images(self) -> tuple[str, ...]:
        """Give the positional arguments, at least one.

        Raises:
            InvalidArgumentError: there is none.
        """
        if not self.arguments.positional:
            raise InvalidArgumentError(problem="at least one image argument is required")
        return self.arguments.positional

    @contextmanager
    def directories(self) -> Iterator[Directories]:
        """Give the directories of the build, with a scratch directory that is gone afterwards."""
        import tempfile

        def place(name: str) -> Place:
            return Place.here(self.arguments.path(name)) if self.arguments.text(name) else Place.here(Path("/"))

        with tempfile.TemporaryDirectory(prefix=f"offramp-{self.phase}-") as scratch:
            yield Directories(
                app=place("app"),
                layers=place("layers"),
                platform=place("platform"),
                buildpacks=place("buildpacks"),
                scratch=Place.here(Path(scratch)),
                build_config=place("build-config"),
                extensions=place("extensions"),
            )

    def target(self, analyzed: Target | None) -> BuildTarget:
        """Complete the run image's target with what this machine's own system says of itself."""
        known = analyzed or Target()
        distro = known.distro or read_os_release(Path("/etc/os-release"))
        return BuildTarget(
            target=Target(
                id=known.id, os=known.os, arch=known.arch or _machine(), variant=known.variant, distro=distro
            ),
            exec_env=self.exec_env,
        )

    def session_env(self) -> dict[str, bytes]:
        """Give the environment that buildpacks inherit from."""
        return {name: os.fsencode(value) for name, value in self.environ.items()}

    def guard_experimental(self, feature: str) -> None:
        """Let an experimental feature pass, or not, as CNB_EXPERIMENTAL_MODE says.

        Raises:
            ExperimentalFeatureError: the mode is ``error``, or not set.
        """
        mode = self.environ.get("CNB_EXPERIMENTAL_MODE") or "error"
        if mode == "error":
            raise ExperimentalFeatureError(feature=feature)
        if mode == "warn":
            self.reporter.warning(f"Platform requested experimental feature '{feature}'")


def check_references(references: Iterable[str], outputs: Iterable[str], *, one_registry: bool) -> None:
    """Check the names of images before anything is done.

    Args:
        references: all of them; those that name nothing (empty) are left out.
        outputs: those that will be written.
        one_registry: whether these have to be on one registry (all but a daemon's).

    Raises:
        InvalidArgumentError: a name does not follow the rules.
        RegistriesDifferError: outputs are on several registries.
    """
    from lifecycle_py.oci.errors import RegistryReferenceError
    from lifecycle_py.oci.registry.reference import parse_reference

    try:
        for reference in filter(None, references):
            parse_reference(reference)
        hosts = tuple(dict.fromkeys(parse_reference(output).host for output in outputs))
    except RegistryReferenceError as error:
        # Wrong before anything is asked of a store: a matter of the arguments, as in the reference.
        raise InvalidArgumentError(problem=str(error)) from error
    if one_registry and len(hosts) > 1:
        raise RegistriesDifferError(registries=hosts)


def read_os_release(file: Path) -> Distro | None:
    """Read which distribution a system is; lines that say nothing are skipped (reference/cnb.md §b.13 item 17)."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    values = {
        name.strip(): value.strip().strip("\"'")
        for name, equals, value in (line.partition("=") for line in lines)
        if equals
    }
    name, version = values.get("ID", ""), values.get("VERSION_ID", "")
    return Distro(name=name, version=version) if name or version else None


def _machine() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
