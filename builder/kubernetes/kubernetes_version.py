"""Versions of Kubernetes, and which of the features we use each of them has switched on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from builder.errors import KubernetesVersionError


class Feature(Enum):
    """A feature, with the first minor version that has it switched on everywhere.

    A field being in a version's schema is not enough: an API server drops fields of features that are off.
    """

    # Alpha and off in 1.29 (where the schema already has it), on from 1.30, stable from 1.34: KEP-3960.
    PRE_STOP_SLEEP = 30


@dataclass(frozen=True, order=True, slots=True)
class KubernetesVersion:
    """A version of Kubernetes 1; patch releases change nothing here."""

    minor: int

    def __str__(self) -> str:
        """Give the form ``1.37``."""
        return f"1.{self.minor}"

    def has(self, feature: Feature) -> bool:
        """Tell whether a cluster of this version has the feature switched on."""
        return self.minor >= feature.value


OLDEST = KubernetesVersion(25)
NEWEST = KubernetesVersion(37)


def parse_kubernetes_version(text: str) -> KubernetesVersion:
    """Read ``1.37``, ``v1.37`` or ``1.37.2``. A version newer than we know gets what the newest known one gets.

    Raises:
        KubernetesVersionError: it is none, or too old.
    """
    match = re.fullmatch(r"v?1\.(\d{1,3})(?:\.\d+)?(?:[-+].*)?", text)
    if not match:
        raise KubernetesVersionError(text=text, problem="it does not look like '1.37'", oldest=str(OLDEST))
    version = KubernetesVersion(int(match[1]))
    if version < OLDEST:
        problem = f"the oldest version that output is checked for is {OLDEST}"
        raise KubernetesVersionError(text=text, problem=problem, oldest=str(OLDEST))
    return version
