"""What can be wrong with Ruby, Bundler and the gems of an app, and every text about it.

ExplainedError
├── NoLockError                     Gemfile without Gemfile.lock
├── NoGemfileError                  Gemfile.lock without Gemfile
├── PlatformError                   the lock file is not for the system that is built for:
│   ├── LockIsForWindowsError       it names Windows only
│   └── LockMissesPlatformError     it names other systems only
├── EngineError                     another Ruby than the usual one:
│   ├── JRubyError                  JRuby
│   └── UnsupportedEngineError      TruffleRuby and others
├── RubyDoesNotExistError           nobody released the version
├── UnverifiableRubyError           nothing says what the archive has to be
├── DownloadSumError                another file than the expected one:
│   ├── RubySourceSumError          Ruby's source
│   ├── RubyArchiveSumError         an archive of a compiled Ruby
│   └── BundlerSumError             Bundler
├── InvalidArchiveSettingError      the address of archives has a place nothing fills in
├── RubyArchiveError                the archive holds no Ruby
├── CompileRubyError                Ruby's source does not compile
├── RelocateRubyError               the stack's Ruby cannot be copied
├── BrokenRubyError                 the installed Ruby does not run
├── BundlerDoesNotExistError        the source of gems has no such Bundler
├── InstallBundlerError             RubyGems could not install it
└── InstallGemsError                Bundler failed on the lock file:
    ├── NativeExtensionError        a gem does not compile
    ├── LockOutdatedError           Gemfile and lock file say different things
    ├── RubyMismatchError           the Gemfile wants another Ruby than the lock file
    ├── GemNotFoundError            no source has a gem
    ├── GemAccessError              a source wants credentials
    ├── GemChecksumError            a gem is another file than the locked one
    ├── GitGemError                 a git repository cannot be fetched
    └── GemsNetworkError            a source cannot be reached
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from buildpacks.sdk import ExplainedError, Explanation, Source

# Headers that gems are known to look for, and Debian's packages that have them: for compiling, and for running.
_PACKAGES_OF_HEADERS = {
    "FreeImage.h": "libfreeimage-dev",
    "GeoIP.h": "libgeoip-dev",
    "geos_c.h": "libgeos-dev",
    "gpgme.h": "libgpgme-dev",
    "idna.h": "libidn-dev",
    "ldap.h": "libldap-dev",
    "libmemcached/memcached.h": "libmemcached-dev",
    "magic.h": "libmagic-dev",
    "MagickWand/MagickWand.h": "libmagickwand-dev",
    "MagickCore/MagickCore.h": "libmagickcore-dev",
    "odbc.h": "unixodbc-dev",
    "pcap.h": "libpcap-dev",
    "proj.h": "libproj-dev",
    "rdkafka.h": "librdkafka-dev",
    "sasl/sasl.h": "libsasl2-dev",
    "snappy.h": "libsnappy-dev",
    "sodium.h": "libsodium-dev",
    "sybfront.h": "freetds-dev",
    "taglib.h": "libtag1-dev",
    "vips/vips.h": "libvips-dev",
    "zmq.h": "libzmq3-dev",
}


@dataclass(eq=False, kw_only=True)
class NoLockError(ExplainedError):
    """The app has a Gemfile and no lock file."""

    def explain(self) -> Explanation:
        """Say how the lock file is made."""
        return Explanation(
            what="The app has a Gemfile, but no Gemfile.lock",
            why="Without it, every build could install other versions of the gems.",
            fix=(
                "Run 'bundle install' and commit Gemfile.lock.",
                "If it is there, check that .gitignore does not name it.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class NoGemfileError(ExplainedError):
    """The app has a lock file and no Gemfile."""

    def explain(self) -> Explanation:
        """Say what belongs together."""
        return Explanation(
            what="The app has a Gemfile.lock, but no Gemfile",
            why="Bundler needs both: the Gemfile says what is wanted, the lock file which versions that are.",
            fix=("Commit the Gemfile that Gemfile.lock was made from.",),
        )


@dataclass(eq=False, kw_only=True)
class PlatformError(ExplainedError):
    """The lock file's platforms do not include the one that is built for."""

    platforms: tuple[str, ...]
    wanted: str


@dataclass(eq=False, kw_only=True)
class LockIsForWindowsError(PlatformError):
    """All platforms are Windows."""

    def explain(self) -> Explanation:
        """Give the command that adds Linux."""
        return Explanation(
            what=f"Gemfile.lock is for Windows only, and the app is built for {self.wanted}",
            why=f"Its PLATFORMS are: {', '.join(self.platforms)}. Gems with compiled parts differ between systems.",
            fix=(f"Run 'bundle lock --add-platform {self.wanted}' and commit Gemfile.lock.",),
        )


@dataclass(eq=False, kw_only=True)
class LockMissesPlatformError(PlatformError):
    """None of the platforms is the one that is built for."""

    def explain(self) -> Explanation:
        """Give the command that adds it."""
        return Explanation(
            what=f"Gemfile.lock is not for {self.wanted}",
            why=f"Its PLATFORMS are: {', '.join(self.platforms)}. Bundler refuses to install it on another system.",
            fix=(f"Run 'bundle lock --add-platform {self.wanted}' and commit Gemfile.lock.",),
        )


@dataclass(eq=False, kw_only=True)
class EngineError(ExplainedError):
    """The lock file names another implementation of Ruby. ``wanted`` is what it says."""

    wanted: str


@dataclass(eq=False, kw_only=True)
class JRubyError(EngineError):
    """JRuby."""

    def explain(self) -> Explanation:
        """Say what is possible instead."""
        return Explanation(
            what=f"The app asks for {self.wanted}, and this buildpack does not install JRuby",
            why="RUBY VERSION of Gemfile.lock says so. JRuby needs a Java runtime, which no buildpack here has.",
            fix=(
                "If the app runs on the usual Ruby, change the Gemfile's 'ruby' line and run 'bundle update --ruby'.",
                "Otherwise use a buildpack that installs it, with 'offramp build --buildpack'.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class UnsupportedEngineError(EngineError):
    """TruffleRuby and others."""

    def explain(self) -> Explanation:
        """Say which Ruby is built."""
        return Explanation(
            what=f"The app asks for {self.wanted}, and this buildpack installs the usual Ruby (MRI) only",
            why="The block RUBY VERSION of Gemfile.lock says so.",
            fix=("Change the 'ruby' line of the Gemfile, and run 'bundle update --ruby'.",),
        )


@dataclass(eq=False, kw_only=True)
class RubyDoesNotExistError(ExplainedError):
    """The list of releases does not name the version."""

    version: str
    place: str
    nearest: tuple[str, ...] = ()

    def explain(self) -> Explanation:
        """Name the nearest releases."""
        near = f" The nearest are: {', '.join(self.nearest)}." if self.nearest else ""
        return Explanation(
            what=f"There is no Ruby {self.version}",
            why=f"'{self.place}' does not name it.{near}",
            fix=(
                "Correct the 'ruby' line of the Gemfile, run 'bundle update --ruby', and commit both files.",
                "If it was released just now, OFFRAMP_RUBY_SOURCE may name a mirror that lags behind.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class UnverifiableRubyError(ExplainedError):
    """An archive is named, and nothing says what it has to be."""

    url: str
    setting: str

    def explain(self) -> Explanation:
        """Say how to give its checksum."""
        return Explanation(
            what=f"Nothing says what '{self.url}' has to be",
            why=f"Nothing is unpacked before it was verified, and {self.setting} is not set.",
            fix=(f"Set {self.setting} to the archive's sha256, as 'sha256sum FILE' prints it.",),
        )


@dataclass(eq=False, kw_only=True)
class DownloadSumError(ExplainedError):
    """A download is another file than the expected one; nothing was unpacked."""

    url: str
    expected: str
    actual: str

    @property
    def thing(self) -> str:
        """Say what was expected."""
        raise NotImplementedError

    @property
    def check(self) -> str:
        """Say what to look at when it happens again."""
        raise NotImplementedError

    def explain(self) -> Explanation:
        """Give both checksums."""
        return Explanation(
            what=f"What '{self.url}' gave is not {self.thing}",
            why=f"Its sha256 is {self.actual}, expected was {self.expected}. Nothing was unpacked.",
            fix=("Try again: a proxy may have given an error page, or half a file.", self.check),
        )


@dataclass(eq=False, kw_only=True)
class RubySourceSumError(DownloadSumError):
    """Ruby's source."""

    @property
    def thing(self) -> str:
        """Name the thing."""
        return "the expected source of Ruby"

    @property
    def check(self) -> str:
        """Say what to compare."""
        return "If OFFRAMP_RUBY_SOURCE names a mirror, compare its file with ruby-lang.org's."


@dataclass(eq=False, kw_only=True)
class RubyArchiveSumError(DownloadSumError):
    """An archive of a compiled Ruby."""

    @property
    def thing(self) -> str:
        """Name the thing."""
        return "the expected archive of Ruby"

    @property
    def check(self) -> str:
        """Say what to compare."""
        return "If the archive was made anew, set OFFRAMP_RUBY_ARCHIVE_SHA256 to its new sha256."


@dataclass(eq=False, kw_only=True)
class BundlerSumError(DownloadSumError):
    """Bundler's gem."""

    @property
    def thing(self) -> str:
        """Name the thing."""
        return "the expected Bundler"

    @property
    def check(self) -> str:
        """Say what to compare."""
        return "If a mirror of gems is set, compare its file with the one of rubygems.org."


@dataclass(eq=False, kw_only=True)
class InvalidArchiveSettingError(ExplainedError):
    """The address of archives has a place that nothing fills in."""

    setting: str
    value: str
    places: tuple[str, ...]

    def explain(self) -> Explanation:
        """List what can be filled in."""
        places = ", ".join(f"{{{place}}}" for place in self.places)
        return Explanation(
            what=f"{self.setting} has a place that nothing fills in: '{self.value}'",
            why=f"What can be filled in is: {places}.",
            fix=(f"Correct {self.setting}, such as https://mirror.example/{{arch}}/ruby-{{version}}.tar.gz",),
        )


@dataclass(eq=False, kw_only=True)
class RubyArchiveError(ExplainedError):
    """The archive holds no Ruby."""

    url: str

    def explain(self) -> Explanation:
        """Say what it has to hold."""
        return Explanation(
            what=f"The archive '{self.url}' holds no Ruby",
            why="It has no 'bin/ruby', neither at its top level nor in the one directory there.",
            fix=("Pack the directory that Ruby was installed to: tar -C PREFIX -czf ruby.tar.gz .",),
        )


@dataclass(eq=False, kw_only=True)
class CompileRubyError(ExplainedError):
    """Ruby's source does not compile."""

    version: str
    step: str
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Give the step and its last lines."""
        return Explanation(
            what=f"Ruby {self.version} does not compile: '{self.step}' failed",
            why="\n".join(self.last_lines),
            fix=(
                "Old releases of Ruby do not compile with today's compilers and OpenSSL: 3.1 is the oldest that does.",
                "If you have it compiled, name the archive with OFFRAMP_RUBY_ARCHIVE.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class RelocateRubyError(ExplainedError):
    """The stack's Ruby cannot be copied."""

    library: str
    problem: str
    source: ClassVar[Source] = Source.OURS

    def explain(self) -> Explanation:
        """Name the library."""
        return Explanation(
            what="The build image's Ruby cannot be copied into the app image",
            why=f"'{self.library}' is not as Debian builds it: {self.problem}.",
            fix=("Ask for another version in the Gemfile; it is compiled from source, or comes from your archive.",),
        )


@dataclass(eq=False, kw_only=True)
class BrokenRubyError(ExplainedError):
    """The installed Ruby does not run."""

    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Give its last words."""
        return Explanation(
            what="The installed Ruby does not run in the build image",
            why="\n".join(self.last_lines) or "It printed nothing.",
            fix=(
                "Use a Ruby compiled for this distribution and processor, with OpenSSL and libyaml.",
                "OFFRAMP_RUBY_ARCHIVE names where it comes from.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class BundlerDoesNotExistError(ExplainedError):
    """The source of gems has no such Bundler."""

    version: str
    source_url: str
    nearest: tuple[str, ...] = ()

    def explain(self) -> Explanation:
        """Name the nearest versions."""
        near = f" The nearest are: {', '.join(self.nearest)}." if self.nearest else ""
        return Explanation(
            what=f"There is no Bundler {self.version}",
            why=f"Gemfile.lock was written with it (BUNDLED WITH), but '{self.source_url}' does not have it.{near}",
            fix=(
                "Run 'bundle update --bundler' and commit Gemfile.lock.",
                "If a mirror of gems is set, check that it has Bundler, too.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class InstallBundlerError(ExplainedError):
    """RubyGems could not install Bundler."""

    version: str
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Give the last lines of ``gem install``."""
        return Explanation(
            what=f"Bundler {self.version} could not be installed",
            why="\n".join(self.last_lines),
            fix=(
                "Check that this version works with the app's Ruby.",
                "Otherwise run 'bundle update --bundler' with the app's Ruby, and commit Gemfile.lock.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class InstallGemsError(ExplainedError):
    """Bundler failed on the lock file."""

    last_lines: tuple[str, ...]
    what: ClassVar[str] = "Bundler could not install the gems"
    fix: ClassVar[tuple[str, ...]] = (
        "Read Bundler's words above.",
        "'BUNDLE_DEPLOYMENT=1 bundle install' shows the same problem on your machine.",
    )

    def explain(self) -> Explanation:
        """Give Bundler's last lines, and what helps."""
        return Explanation(what=self.what, why="\n".join(self.last_lines) or "Bundler printed nothing.", fix=self.fix)


@dataclass(eq=False, kw_only=True)
class NativeExtensionError(InstallGemsError):
    """A gem does not compile. ``gem`` and ``header`` are empty where the output does not tell."""

    gem: str = ""
    header: str = ""

    def explain(self) -> Explanation:
        """Give the compiler's last lines, and the package that has the header which is missing."""
        package = _PACKAGES_OF_HEADERS.get(self.header, "")
        if package:
            fix = (
                f"Add a file named Aptfile with the line: {package}",
                "The package is then there when gems are compiled.",
            )
        elif self.header:
            fix = (
                f"Find the Debian package that has '{self.header}' (packages.debian.org, 'Search the contents').",
                "Add its name to a file named Aptfile.",
            )
        else:
            fix = (
                "Read the compiler's words above. A library it does not find is a Debian package for the Aptfile.",
                "A newer version of the gem may come precompiled: bundle update GEM",
            )
        missing = f": '{self.header}' is missing" if self.header else ""
        return Explanation(
            what=f"The gem {self.gem or 'above'} does not compile{missing}", why="\n".join(self.last_lines), fix=fix
        )


@dataclass(eq=False, kw_only=True)
class LockOutdatedError(InstallGemsError):
    """Gemfile and lock file say different things."""

    what: ClassVar[str] = "Gemfile.lock does not match the Gemfile"
    fix: ClassVar[tuple[str, ...]] = ("Run 'bundle install' and commit Gemfile.lock.",)


@dataclass(eq=False, kw_only=True)
class RubyMismatchError(InstallGemsError):
    """The Gemfile wants another Ruby than the lock file names."""

    what: ClassVar[str] = "The Gemfile asks for another Ruby than Gemfile.lock"
    fix: ClassVar[tuple[str, ...]] = (
        "Run 'bundle update --ruby' with the Ruby that the Gemfile asks for, and commit Gemfile.lock.",
    )


@dataclass(eq=False, kw_only=True)
class GemNotFoundError(InstallGemsError):
    """No source has a gem."""

    what: ClassVar[str] = "No source of gems has one of the locked gems"
    fix: ClassVar[tuple[str, ...]] = (
        "Check that the version was not withdrawn: bundle outdated, then bundle update GEM",
        "If it is private, check that the Gemfile names its source; if a mirror is set, that it is complete.",
    )


@dataclass(eq=False, kw_only=True)
class GemAccessError(InstallGemsError):
    """A source wants credentials."""

    what: ClassVar[str] = "A source of gems refuses access"
    fix: ClassVar[tuple[str, ...]] = (
        "Pass its credentials to the build: --env BUNDLE_GEMS__EXAMPLE__COM=user:password",
        "The name is Bundler's own: BUNDLE_, then the host in upper case with '__' for each dot.",
    )


@dataclass(eq=False, kw_only=True)
class GemChecksumError(InstallGemsError):
    """A gem is another file than the locked one."""

    what: ClassVar[str] = "A gem is not the file that its checksum belongs to; it was not installed"
    fix: ClassVar[tuple[str, ...]] = (
        "If a mirror of gems is set, compare its file with the one of rubygems.org.",
        "If the gem was published anew under the same version, find out why before you update Gemfile.lock.",
    )


@dataclass(eq=False, kw_only=True)
class GitGemError(InstallGemsError):
    """A git repository cannot be fetched."""

    what: ClassVar[str] = "A gem's git repository cannot be fetched"
    fix: ClassVar[tuple[str, ...]] = (
        "Use an https address in the Gemfile: a build has no SSH key.",
        "For a private repository pass a token: --env BUNDLE_GITHUB__COM=x-access-token:TOKEN",
    )


@dataclass(eq=False, kw_only=True)
class GemsNetworkError(InstallGemsError):
    """A source cannot be reached."""

    what: ClassVar[str] = "A source of gems cannot be reached"
    fix: ClassVar[tuple[str, ...]] = (
        "Try the build again in a few minutes.",
        "If the build's network has a mirror of gems, name it: --env BUNDLE_MIRROR__ALL=https://mirror.example",
    )
    source: ClassVar[Source] = Source.NETWORK
