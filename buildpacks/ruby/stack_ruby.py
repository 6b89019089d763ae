"""The stack's own Ruby: what it is, and how it is copied into a layer.

The run image has no Ruby, so the layer has to bring all of it but the C libraries. Debian's Ruby finds its settings
(``rbconfig.rb``) relative to where they lie, but the directories it loads from are fixed in its library: a list of
texts, each ended by a zero byte. The copy gets a list of its own, which fits because Debian's names more directories.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from buildpacks.ruby.errors import RelocateRubyError
from buildpacks.sdk import BuildContext, CommandFailedError, CommandNotFoundError, Version, parse_version

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_ASK = (
    "c = RbConfig::CONFIG; puts RUBY_VERSION, c['prefix'], c['bindir'], c['ruby_install_name'], c['rubylibdir'],"
    " c['rubyarchdir'], c['rubylibprefix'], c['ruby_version'], c['archlibdir'] || c['libdir'], c['LIBRUBY_SO'],"
    " c['rubyhdrdir'], c['rubyarchhdrdir'], c['sitedir']"
)
_ANSWERS = 13
_PROGRAMS = ("bundle", "bundler", "erb", "gem", "irb", "rake")
_LEFT_OUT = ("build_info", "cache", "doc")  # of the directory of gems


@dataclass(frozen=True, kw_only=True, slots=True)
class StackRuby:
    """A Ruby of the build image. ``build`` changes with every rebuild of its package; directories are absolute."""

    version: Version
    build: str
    prefix: Path
    executable: Path
    abi: str
    libraries: Path
    arch_libraries: Path
    gems: Path
    shared_library: Path
    headers: tuple[Path, Path]
    site: Path

    def within(self, directory: Path) -> Path:
        """Give a directory's path below the prefix."""
        return directory.relative_to(self.prefix)


def find_stack_ruby(context: BuildContext) -> StackRuby | None:
    """Describe the build image's own Ruby; None when it has none whose parts lie below one prefix."""
    try:
        answers = context.run(
            "ruby",
            "--disable-gems",
            "-rrbconfig",
            "-e",
            _ASK,
            env={"PATH": _SYSTEM_PATH, "LANG": "C.UTF-8"},
            show=False,
        )
    except (CommandFailedError, CommandNotFoundError):
        return None
    if len(answers) != _ANSWERS:
        return None
    return describe_ruby(answers)


def describe_ruby(answers: tuple[str, ...]) -> StackRuby | None:
    """Make the description of a Ruby from its answers about itself; its library is read."""
    (version, prefix, bindir, name, lib, arch, libprefix, abi, libdir, library, headers, arch_headers, site) = answers
    parts = (lib, arch, libprefix, libdir, headers, arch_headers)
    shared = Path(libdir) / library
    if not all(Path(part).is_relative_to(prefix) for part in parts) or not shared.is_file():
        return None
    return StackRuby(
        version=parse_version(version),
        build=_digest(shared),
        prefix=Path(prefix),
        executable=Path(bindir) / name,
        abi=abi,
        libraries=Path(lib),
        arch_libraries=Path(arch),
        gems=Path(libprefix) / "gems" / abi,
        shared_library=shared,
        headers=(Path(headers), Path(arch_headers)),
        site=Path(site),
    )


def copy_stack_ruby(context: BuildContext, stack: StackRuby, to: Path) -> None:
    """Copy the stack's Ruby below ``to``, an empty directory, so that it works there and in the app image.

    Raises:
        RelocateRubyError: its library does not hold the list of directories as it is known.
    """
    (to / "bin").mkdir()
    (to / "lib").mkdir()
    program = to / "bin" / stack.executable.name
    shutil.copyfile(stack.executable, program)
    program.chmod(0o755)
    if program.name != "ruby":
        (to / "bin" / "ruby").symlink_to(program.name)
    _copy_library(stack, to)
    # The program finds its library wherever the layer lies, whatever LD_LIBRARY_PATH the app sets.
    context.run("patchelf", "--set-rpath", "$ORIGIN/../lib", program, env={"PATH": _SYSTEM_PATH}, show=False)
    for directory in (stack.libraries, stack.arch_libraries, stack.gems):
        shutil.copytree(directory, to / stack.within(directory), symlinks=True, dirs_exist_ok=True)
    for name in _LEFT_OUT:
        shutil.rmtree(to / stack.within(stack.gems) / name, ignore_errors=True)
    # Headers are used during the build only, where the stack's own are in place.
    for headers in stack.headers:
        link = to / stack.within(headers)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(headers)
    suffix = stack.executable.name.removeprefix("ruby")
    for name in _PROGRAMS:
        _copy_script(stack.executable.with_name(f"{name}{suffix}"), to / "bin" / name)


def relocated(library: bytes, stack: StackRuby, to: Path) -> bytes:
    """Give the library with the directories of ``to`` in place of the stack's. Pure.

    Raises:
        RelocateRubyError: the list is not there, or the new one does not fit.
    """
    end = b"%s\0\0" % str(stack.arch_libraries).encode()
    begin = b"\0%s/%s\0" % (str(stack.site).encode(), stack.abi.encode())
    at, behind = library.find(begin) + 1, library.find(end) + len(end)
    old = library[at:behind]
    if at == 0 or behind < at or str(stack.libraries).encode() not in old or library.count(end) != 1:
        raise RelocateRubyError(library=str(stack.shared_library), problem="its list of directories is not there")
    site = f"{stack.site}/{stack.abi}"
    wanted = (site, to / stack.within(stack.libraries), to / stack.within(stack.arch_libraries))
    new = b"".join(b"%s\0" % str(path).encode() for path in wanted) + b"\0"
    if len(new) > len(old):
        raise RelocateRubyError(
            library=str(stack.shared_library),
            problem=f"the layers directory's path is too long by {len(new) - len(old)}",
        )
    return library[:at] + new.ljust(len(old), b"\0") + library[behind:]


def _copy_library(stack: StackRuby, to: Path) -> None:
    copy = to / "lib" / _soname(stack.shared_library)
    copy.write_bytes(relocated(stack.shared_library.read_bytes(), stack, to))
    copy.chmod(0o644)


def _soname(library: Path) -> str:
    """Give the name programs ask for: ``libruby-3.3.so.3.3``, of ``libruby-3.3.so.3.3.8``."""
    base, dot_so, version = library.name.partition(".so.")
    return base + dot_so + ".".join(version.split(".")[:2])


def _copy_script(script: Path, to: Path) -> None:
    if not script.is_file():
        return
    _first, _, rest = script.read_text().partition("\n")
    to.write_text(f"#!/usr/bin/env ruby\n{rest}")
    to.chmod(0o755)


def _digest(file: Path) -> str:
    import hashlib

    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
