"""What is wrong with an app's lock file before anything is installed: absent, or of another system."""

from __future__ import annotations

import shutil

from buildpacks.ruby.environments import BUNDLE
from buildpacks.ruby.errors import LockIsForWindowsError, LockMissesPlatformError, NoGemfileError, NoLockError
from buildpacks.ruby.gemfile_lock import GEMFILE, GEMFILE_LOCK, GemfileLock, parse_gemfile_lock
from buildpacks.sdk import BuildContext, Target, read_text_if_present

_WINDOWS = ("mswin", "mingw")
_PROCESSORS = {"amd64": ("x86_64",), "arm64": ("aarch64", "arm64")}


def read_lock(context: BuildContext) -> GemfileLock:
    """Read the lock file, and make sure that it can be installed from here.

    Raises:
        NoLockError, NoGemfileError: one of the two files is not there.
        LockIsForWindowsError, LockMissesPlatformError: Bundler would refuse it.
    """
    text = read_text_if_present(context.app_dir / GEMFILE_LOCK)
    if text is None:
        raise NoLockError
    if not (context.app_dir / GEMFILE).exists():
        raise NoGemfileError
    lock = parse_gemfile_lock(text)
    if lock.platforms and not any(fits(platform, context.target) for platform in lock.platforms):
        wanted = f"{_PROCESSORS.get(context.target.arch, (context.target.arch,))[0]}-{context.target.os}"
        windows = all(any(word in platform for word in _WINDOWS) for platform in lock.platforms)
        kind = LockIsForWindowsError if windows else LockMissesPlatformError
        raise kind(platforms=lock.platforms, wanted=wanted)
    return lock


def fits(platform: str, target: Target) -> bool:
    """Tell whether a platform of a lock file covers the target: ``ruby`` does, and ``x86_64-linux`` with any libc."""
    if platform == "ruby":
        return True
    processor, _, system = platform.partition("-")
    known = _PROCESSORS.get(target.arch, (target.arch,))
    return processor in known and system.startswith(target.os) and "musl" not in system


def remove_committed_bundle(context: BuildContext) -> None:
    """Remove gems that are in the source: they were installed for another machine."""
    bundle = context.app_dir / BUNDLE
    if bundle.is_symlink() or not bundle.is_dir():
        return
    context.output.warning(
        f"Removing '{BUNDLE}' from the build: installed gems are in the app's source",
        f"They were made for another machine. Remove them from version control: git rm -r --cached {BUNDLE}",
    )
    shutil.rmtree(bundle)
