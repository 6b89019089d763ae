"""API versions and the features they bring, asked once per phase or buildpack.

Facts: reference/cnb.md §a.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from lifecycle_py.spec.errors import UnsupportedApiError


@dataclass(frozen=True, order=True, slots=True)
class ApiVersion:
    """A ``major.minor`` version of the Platform or the Buildpack API."""

    major: int
    minor: int

    def __str__(self) -> str:
        """Give the form used in files and variables."""
        return f"{self.major}.{self.minor}"


class BuildpackFeature(StrEnum):
    """What a Buildpack API version adds, by the version that added it."""

    SBOM = "0.7"
    ENVIRONMENT_INSTEAD_OF_ARGUMENTS = "0.8"
    COMMAND_LISTS = "0.9"
    TARGETS = "0.10"
    EXECUTION_ENVIRONMENTS = "0.12"
    CACHE_ALONE = "0.12"


class PlatformFeature(StrEnum):
    """What a Platform API version adds or changes, by the version that did."""

    SBOM = "0.8"
    SOURCE_DATE_EPOCH = "0.9"
    NO_UNSTRUCTURED_BOM = "0.9"
    ANALYZER_SKIPS_LAYERS = "0.9"
    COMMAND_LISTS = "0.10"
    STORE_DESPITE_SKIPPED_LAYERS = "0.10"
    EXTENSIONS = "0.10"
    LIFECYCLE_SBOM = "0.11"
    TARGETS = "0.12"
    HISTORY = "0.12"
    GENERATED_BY_EXTENSION = "0.13"
    METADATA_FROM_CACHE = "0.14"
    EXECUTION_ENVIRONMENTS = "0.15"
    SYSTEM_BUILDPACKS = "0.15"


SUPPORTED_BUILDPACK_APIS = tuple(ApiVersion(0, minor) for minor in (8, 9, 10, 11, 12))
SUPPORTED_PLATFORM_APIS = tuple(ApiVersion(0, minor) for minor in range(7, 16))
PLATFORM_API = ApiVersion(0, 15)


def parse_api(text: str, *, kind: str, owner: str, supported: tuple[ApiVersion, ...]) -> ApiVersion:
    """Parse and check an API version declared by ``owner``.

    Raises:
        UnsupportedApiError: malformed, or not among ``supported``.
    """
    matched = re.fullmatch(r"v?([0-9]{1,9})(?:\.([0-9]{1,9}))?", text)
    version = ApiVersion(int(matched[1]), int(matched[2] or 0)) if matched else None
    if version is None or version not in supported:
        raise UnsupportedApiError(kind=kind, version=text, owner=owner, supported=tuple(str(one) for one in supported))
    return version


def parse_buildpack_api(text: str, owner: str) -> ApiVersion:
    """Parse the ``api`` key of a buildpack.toml."""
    return parse_api(text, kind="Buildpack", owner=owner, supported=SUPPORTED_BUILDPACK_APIS)


def supports(version: ApiVersion, feature: BuildpackFeature | PlatformFeature) -> bool:
    """Tell whether an API of this version has the feature."""
    major, minor = feature.value.split(".")
    return version >= ApiVersion(int(major), int(minor))
