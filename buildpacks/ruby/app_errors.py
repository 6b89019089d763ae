"""What can be wrong with the app itself once its gems are there, and every text about it.

ExplainedError
├── PumaPersistentTimeoutError      a Puma whose connections Heroku's router would break
├── VulnerableSprocketsError        a Sprockets that serves any file of the app
├── NoYjitError                     YJIT is asked for, and this Ruby has none
├── NoJemallocError                 jemalloc is asked for, and is not installed
├── RakefileError                   the Rakefile of a Rails app does not load
├── PrecompileError                 assets do not compile:
│   ├── PrecompileNeedsDatabaseError    it wants a database
│   ├── AssetNotFoundError          an asset names a file that is not there
│   └── NoJavaScriptError           it wants a JavaScript runtime, or a package manager of Node.js
└── NoManifestError                 the task succeeded and left no assets
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from buildpacks.sdk import ExplainedError, Explanation


@dataclass(eq=False, kw_only=True)
class PumaPersistentTimeoutError(ExplainedError):
    """Puma 7.0.0 to 7.0.2 closes connections that a router keeps."""

    version: str

    def explain(self) -> Explanation:
        """Name the version that mends it."""
        return Explanation(
            what=f"Puma {self.version} ignores how long idle connections are kept, and requests would be lost",
            why="It reads PUMA_PERSISTENT_TIMEOUT since 7.0.3 only; routers that keep connections longer get errors.",
            fix=(
                "Run 'bundle update puma' and commit Gemfile.lock.",
                "If config/puma.rb sets persistent_timeout itself, set PUMA_PERSISTENT_TIMEOUT in the build to say so.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class VulnerableSprocketsError(ExplainedError):
    """Sprockets with CVE-2018-3760 serves assets at run time."""

    version: str
    file: str
    line: int

    def explain(self) -> Explanation:
        """Name the file and the version that mends it."""
        return Explanation(
            what=f"Sprockets {self.version} would serve any file of the app to anyone (CVE-2018-3760)",
            why=f"{self.file}, line {self.line}, compiles assets at run time, which this version does without a check.",
            fix=(
                f"Remove 'config.assets.compile = true' from {self.file}: assets are compiled in the build.",
                "Or run 'bundle update sprockets': 2.12.5, 3.7.2 and 4.0.0 are safe.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class NoYjitError(ExplainedError):
    """YJIT is asked for, and this Ruby has none."""

    setting: str

    def explain(self) -> Explanation:
        """Say where a Ruby with YJIT comes from."""
        return Explanation(
            what="The app's Ruby has no YJIT",
            why=f"{self.setting} asks for it; Debian builds Ruby without, and compiling it needs Rust.",
            fix=(
                "Name an archive of a Ruby that was built with YJIT: OFFRAMP_RUBY_ARCHIVE.",
                f"Or remove {self.setting}.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class NoJemallocError(ExplainedError):
    """The library jemalloc is asked for, and is not installed."""

    setting: str
    library: str

    def explain(self) -> Explanation:
        """Name the package."""
        return Explanation(
            what="jemalloc is not installed",
            why=f"{self.setting} asks for it, and '{self.library}' is in no directory of libraries.",
            fix=("Add a file named Aptfile with the line: libjemalloc2", f"Or remove {self.setting}."),
        )


@dataclass(eq=False, kw_only=True)
class RakefileError(ExplainedError):
    """The Rakefile of a Rails app does not load."""

    rakefile: str
    lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Give the message, and the lines of the trace that are the app's own."""
        return Explanation(
            what=f"'{self.rakefile}' does not load, so nobody can tell which tasks the app has",
            why="\n".join(self.lines) or "Rake printed nothing.",
            fix=(
                "'RAILS_ENV=production bundle exec rake -P' has to work without a database.",
                "A gem of the groups 'development' or 'test' is not installed: require it only where it is there.",
                "If it needs a config var, pass it to the build: 'offramp build --env NAME=value'.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class PrecompileError(ExplainedError):
    """Assets do not compile. ``lines`` are the message and the app's own part of the trace."""

    lines: tuple[str, ...]
    fix: ClassVar[tuple[str, ...]] = (
        "'RAILS_ENV=production bundle exec rake assets:precompile' shows the same problem on your machine.",
        "If it needs a config var, pass it to the build: 'offramp build --env NAME=value'.",
    )

    def explain(self) -> Explanation:
        """Give rake's words, and what helps."""
        return Explanation(
            what="The assets do not compile", why="\n".join(self.lines) or "Rake printed nothing.", fix=self.fix
        )


@dataclass(eq=False, kw_only=True)
class PrecompileNeedsDatabaseError(PrecompileError):
    """It wants a database, and a build has none."""

    fix: ClassVar[tuple[str, ...]] = (
        "There is no database in a build. Something asks it while the app starts, such as a scope or an initializer.",
        "Ask it later: in a method, or in config.after_initialize, not while classes load.",
        "If it has to be there, pass its address to the build: 'offramp build --env DATABASE_URL=…'.",
    )


@dataclass(eq=False, kw_only=True)
class AssetNotFoundError(PrecompileError):
    """An asset names a file that is not there."""

    fix: ClassVar[tuple[str, ...]] = (
        "Check the name it gives, upper and lower case included, and that the file is committed.",
        "If a tool of Node.js makes it (app/assets/builds), check that its build script runs before.",
    )


@dataclass(eq=False, kw_only=True)
class NoJavaScriptError(PrecompileError):
    """It wants a JavaScript runtime, or a package manager of Node.js."""

    fix: ClassVar[tuple[str, ...]] = (
        "Commit a package.json, even an empty one ('{}'): Node.js is then installed before the assets are compiled.",
        "If an app no longer compiles JavaScript, remove the gem that asks for it, such as uglifier or coffee-rails.",
    )


@dataclass(eq=False, kw_only=True)
class NoManifestError(ExplainedError):
    """The task succeeded and left no assets."""

    directory: str

    def explain(self) -> Explanation:
        """Say what was expected."""
        return Explanation(
            what="Assets were compiled, but there are none",
            why=f"'rake assets:precompile' ended well, and '{self.directory}' has no manifest. The app would fail"
            " at its first page.",
            fix=(
                "Check that no task replaces assets:precompile, and that config.assets.prefix is '/assets'.",
                "If the app has its assets elsewhere, set OFFRAMP_RAILS_ASSETS=elsewhere in the build.",
            ),
        )
