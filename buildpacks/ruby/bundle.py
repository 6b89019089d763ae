"""The app's bundle as the later steps of a build see it: what is locked, and how its programs are run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from buildpacks.ruby.gemfile_lock import GemfileLock
from buildpacks.sdk import BuildContext, Version


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """Installed gems. ``fingerprint`` changes with Ruby and with any of them.

    ``environment`` is that of programs of the app: the user's config vars as Heroku filters them, and Ruby, Bundler
    and the gems in place, so that ``bundle exec`` finds them.
    """

    lock: GemfileLock
    ruby: Version
    fingerprint: str
    environment: Mapping[str, str]

    def run(
        self, context: BuildContext, *arguments: str, show: bool = True, environment: Mapping[str, str] | None = None
    ) -> tuple[str, ...]:
        """Run a program through ``bundle exec`` and give its lines; ``environment`` is added to that of the bundle.

        Raises:
            CommandFailedError: it failed.
        """
        env = {**self.environment, **(environment or {})}
        return context.run("bundle", "exec", *arguments, env=env, show=show)
