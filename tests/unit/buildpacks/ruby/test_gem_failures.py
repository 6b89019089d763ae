"""What Bundler's words mean for the app."""

from __future__ import annotations

import pytest

from buildpacks.ruby import errors
from buildpacks.ruby.gem_failures import install_error
from buildpacks.sdk import CommandFailedError

COMPILE = """\
Installing magic 0.2.9 with native extensions
Gem::Ext::BuildError: ERROR: Failed to build gem native extension.

    current directory: /layers/offramp_ruby/gems/ruby/3.3.0/gems/magic-0.2.9/ext
/layers/offramp_ruby/ruby/bin/ruby3.3 extconf.rb
creating Makefile
make
compiling magic.c
magic.c:1:10: fatal error: magic.h: No such file or directory
    1 | #include <magic.h>
compilation terminated.
make: *** [Makefile:246: magic.o] Error 1

make failed, exit code 2

Gem files will remain installed in /layers/offramp_ruby/gems/ruby/3.3.0/gems/magic-0.2.9 for inspection.
Results logged to /layers/offramp_ruby/gems/ruby/3.3.0/extensions/magic-0.2.9/gem_make.out

  /usr/lib/ruby/3.3.0/rubygems/ext/builder.rb:125:in `run'
An error occurred while installing magic (0.2.9), and Bundler cannot continue.
"""


def failed(text: str) -> CommandFailedError:
    """Make the failure of a command that said something."""
    lines = tuple(line for line in text.splitlines() if line.strip())
    return CommandFailedError(argv=("bundle", "install"), status=5, last_lines=lines[-20:], lines=lines)


def test_gem_that_does_not_compile() -> None:
    """The gem, the compiler's own words, the header that is missing, and the package that has it."""
    error = install_error(failed(COMPILE + "  trace\n" * 40))

    assert isinstance(error, errors.NativeExtensionError)
    explanation = error.explain()
    assert explanation.what == "The gem magic 0.2.9 does not compile: 'magic.h' is missing"
    assert "fatal error: magic.h" in explanation.why
    assert "trace" not in explanation.why
    assert explanation.fix[0] == "Add a file named Aptfile with the line: libmagic-dev"


def test_header_nobody_knows() -> None:
    """For a header that is not in the table, the error says how its package is found."""
    error = install_error(failed(COMPILE.replace("magic.h", "frobnicate/all.h")))

    assert "'frobnicate/all.h'" in error.explain().fix[0]


def test_compiling_fails_for_another_reason() -> None:
    """Without a missing header the compiler's words stand alone."""
    text = COMPILE.replace("fatal error: magic.h: No such file or directory", "error: too few arguments")
    error = install_error(failed(text))

    assert error.explain().what == "The gem magic 0.2.9 does not compile"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Your Ruby version is 3.3.8, but your Gemfile specified 3.2.0", errors.RubyMismatchError),
        ("The gemspecs for path gems changed, but the lockfile can't be updated because frozen mode is set",
         errors.LockOutdatedError),
        ("You are trying to install in deployment mode after changing your Gemfile.", errors.LockOutdatedError),
        ("Authentication is required for https://gems.example/.", errors.GemAccessError),
        ("Bad username or password for https://gems.example/.", errors.GemAccessError),
        ("Could not find rack-9.9 in any of the sources", errors.GemNotFoundError),
        ("Could not find gem 'words' in rubygems repository https://rubygems.org/.", errors.GemNotFoundError),
        ("Bundler found mismatched checksums. This is a potential security risk.", errors.GemChecksumError),
        ("Git error: command `git clone` in directory /app has failed.", errors.GitGemError),
        ("Could not reach host rubygems.org. Check your network connection and try again.", errors.GemsNetworkError),
        ("Something else happened", errors.InstallGemsError),
    ],
)  # fmt: skip
def test_known_causes(text: str, expected: type[errors.InstallGemsError]) -> None:
    """Each known cause has an error of its own that keeps Bundler's words."""
    error = install_error(failed(text))

    assert type(error) is expected
    assert text in error.explain().why


def test_words_of_bundler_are_known_across_its_line_breaks() -> None:
    """Bundler breaks long sentences where it likes; a locked version that is gone is told as such."""
    text = """\
Your bundle is locked to puma (6.6.99-x86_64-linux) from rubygems repository
https://rubygems.org/ or installed locally, but that version can no longer be
found in that source. That means the author of puma (6.6.99-x86_64-linux) has
removed it.
"""

    assert type(install_error(failed(text))) is errors.GemNotFoundError
