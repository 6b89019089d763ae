"""Where Offramp keeps things on this host: images, caches, root file systems, work directories."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CACHE_VARIABLE = "OFFRAMP_CACHE"
DATA_VARIABLE = "OFFRAMP_DATA"


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Absolute directories. ``data`` is worth keeping; ``cache`` can be deleted at any time between builds."""

    data: Path
    cache: Path

    @property
    def images(self) -> Path:
        """The local image store, an OCI layout."""
        return self.data / "images"

    @property
    def roots(self) -> Path:
        """Unpacked root file systems of build and run images."""
        return self.cache / "roots"

    @property
    def runs(self) -> Path:
        """Unpacked layers of images that were run."""
        return self.cache / "runs"

    @property
    def stacks(self) -> Path:
        """What making base images needs again: downloaded packages, locks."""
        return self.cache / "stacks"

    @property
    def extended(self) -> Path:
        """Base images as extensions changed them, an OCI layout each."""
        return self.cache / "extended"

    @property
    def buildpacks(self) -> Path:
        """Buildpacks staged with the SDK they need."""
        return self.cache / "buildpacks"

    @property
    def work(self) -> Path:
        """Work directories of running builds."""
        return self.cache / "work"

    def app_cache(self, image_name: str) -> Path:
        """The build cache of the app that is built under this name."""
        return self.cache / "apps" / _directory_name(image_name)

    def trees(self, cache_directory: Path) -> Path:
        """The kept trees that go with a build cache, wherever that cache is."""
        return self.cache / "trees" / _directory_name(str(cache_directory.absolute()))


def find_places(environ: Mapping[str, str], *, root: bool) -> Places:
    """Find the places for this user.

    Root's are below /var, not in root's home: the sandbox runs as another user, which may not look in there.
    """
    home = Path(environ.get("HOME") or "/")
    if root:
        data, cache = Path("/var/lib/offramp"), Path("/var/cache/offramp")
    else:
        data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "offramp"
        cache = Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "offramp"
    return Places(
        data=Path(environ.get(DATA_VARIABLE) or data).absolute(),
        cache=Path(environ.get(CACHE_VARIABLE) or cache).absolute(),
    )


def default_places() -> Places:
    """Find the places for the user of this process."""
    return find_places(os.environ, root=os.geteuid() == 0)


def _directory_name(text: str) -> str:
    """Make a readable, unique, safe directory name."""
    readable = "".join(character if character.isalnum() or character in "-." else "-" for character in text)
    return f"{readable[-40:].lstrip('-.')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
