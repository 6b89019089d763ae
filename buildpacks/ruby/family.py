"""What kind of app the gems make it: plain Ruby, Rack, or Rails of a version. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from buildpacks.ruby.gemfile_lock import GemfileLock
from buildpacks.sdk import Version

_RAILTIES = "railties"


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """The kind of an app; ``rails`` is the version of railties, which is what makes an app a Rails app on Heroku."""

    rails: Version | None = None
    is_rack: bool = False

    @property
    def is_rails(self) -> bool:
        """Tell whether it is a Rails app."""
        return self.rails is not None

    def at_least(self, *numbers: int) -> bool:
        """Tell whether it is a Rails app of a version, or a later one: ``at_least(4, 2)``."""
        return self.rails is not None and self.rails.numbers >= numbers

    def __str__(self) -> str:
        """Give the words of the log."""
        if self.rails is not None:
            return f"Rails {self.rails}"
        return "Rack" if self.is_rack else "Ruby"


def find_family(lock: GemfileLock) -> Family:
    """Tell the kind of an app from its lock file; gems of every group count, as on Heroku."""
    return Family(rails=lock.version(_RAILTIES), is_rack=lock.has("rack"))
