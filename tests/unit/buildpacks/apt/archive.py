"""An archive of small packages, and stand-ins for apt and dpkg-deb over it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from buildpacks.apt.buildpack import AptBuildpack
from buildpacks.sdk import Command
from buildpacks.sdk.testing import AppUnderTest, FakePrograms

RUN_IMAGE = "Package: curl\nStatus: install ok installed\nVersion: 8.14.1-2\n\n"


@dataclass(frozen=True, kw_only=True)
class FakePackage:
    """A package: what it depends on and what is in it. ``links`` are symbolic links."""

    version: str = "1.0-1"
    depends: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    postinst: str = ""
    architecture: str = "amd64"

    def deb(self, name: str) -> bytes:
        """Give the file; its contents say what it is."""
        facts = {"name": name, "version": self.version, "architecture": self.architecture}
        contents = {"files": dict(self.files), "links": dict(self.links), "postinst": self.postinst}
        return json.dumps({**facts, **contents}).encode()


PACKAGES = {
    "jq": FakePackage(version="1.7.1-6", depends=("libjq1",), files={"usr/bin/jq": "program"}),
    "libjq1": FakePackage(
        version="1.7.1-6",
        files={"usr/lib/x86_64-linux-gnu/libjq.so.1.0": "library"},
        links={"usr/lib/x86_64-linux-gnu/libjq.so.1": "libjq.so.1.0"},
    ),
    "libjq-dev": FakePackage(
        files={"usr/include/jq.h": "h", "usr/lib/x86_64-linux-gnu/pkgconfig/libjq.pc": "prefix=/usr\nName: jq\n"}
    ),
    "curl": FakePackage(version="8.14.1-3", files={"usr/bin/curl": "newer"}),
    "figlet": FakePackage(
        files={"usr/bin/figlet-figlet": "program"},
        postinst="update-alternatives --install /usr/bin/figlet figlet /usr/bin/figlet-figlet 20\n",
    ),
    "postfix": FakePackage(provides=("mail-transport-agent", "postfix-only")),
    "exim4": FakePackage(provides=("mail-transport-agent",)),
    "libicu76": FakePackage(),
    "libvips42t64": FakePackage(),
}


class FakeApt:
    """apt-get, apt-cache and dpkg-deb; ``broken`` maps an act to the words it fails with."""

    def __init__(self, packages: Mapping[str, FakePackage] | None = None) -> None:
        """Serve these packages."""
        self.packages = dict(PACKAGES if packages is None else packages)
        self.broken: dict[str, str] = {}
        self.damaged = False
        self.programs = FakePrograms(
            {"apt-get": self._apt_get, "apt-cache": self._apt_cache, "dpkg-deb": self._dpkg_deb}
        )

    def file_name(self, name: str) -> str:
        """Give a package's file name."""
        return f"{name}_{self.packages[name].version}_amd64.deb"

    def ran(self, act: str) -> list[tuple[str, ...]]:
        """Give the arguments of every call of an act, such as ``update``."""
        return [command.argv for command in self.programs.commands if act in command.argv]

    def _apt_get(self, command: Command) -> tuple[int, str]:
        act = next(word for word in ("update", "install", "download") if word in command.argv)
        planned = "--print-uris" in command.argv
        if (words := self.broken.get("plan" if planned else act)) is not None:
            return 100, words
        if act == "update":
            return 0, "Get:1 http://deb.test trixie InRelease"
        names = [word.partition("=")[0] for word in command.argv[command.argv.index("--") + 1 :]]
        names = self._closure(names) if act == "install" else names
        if planned:
            return 0, "".join(self._uri(name) for name in names)
        for name in names:
            archives = command.working_dir
            (archives / self.file_name(name)).write_bytes(b"other" if self.damaged else self.packages[name].deb(name))
        return 0, ""

    def _closure(self, names: list[str]) -> list[str]:
        found: list[str] = []
        waiting = list(names)
        while waiting:
            name = waiting.pop(0)
            if name not in found and f"Package: {name}\n" not in RUN_IMAGE:
                found.append(name)
                waiting += self.packages[name].depends
        return found

    def _uri(self, name: str) -> str:
        deb = self.packages[name].deb(name)
        return f"'http://deb.test/{name}.deb' {self.file_name(name)} {len(deb)} SHA256:{_sha256(deb)}\n"

    def _apt_cache(self, command: Command) -> tuple[int, str]:
        if "pkgnames" in command.argv:
            return 0, "\n".join(self.packages)
        providing = [name for name, one in self.packages.items() if command.argv[-1] in one.provides]
        if not providing:
            return 100, "N: Unable to locate package"
        lines = "\n".join(f"{name} 1.0-1 (= )" for name in providing)
        return 0, f"Package: {command.argv[-1]}\nVersions: \n\nReverse Depends: \n  x,y\nReverse Provides: \n{lines}\n"

    def _dpkg_deb(self, command: Command) -> tuple[int, str]:
        act, file = command.argv[1], Path(command.argv[2])
        facts = json.loads(file.read_bytes())
        if act == "--field":
            return 0, facts["architecture"]
        to = Path(command.argv[3])
        if act == "--control":
            to.mkdir()
            names = {"Package": "name", "Version": "version", "Architecture": "architecture"}
            (to / "control").write_text("".join(f"{field}: {facts[key]}\n" for field, key in names.items()))
            if facts["postinst"]:
                (to / "postinst").write_text(facts["postinst"])
            return 0, ""
        for path, contents in facts["files"].items():
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            (to / path).write_text(contents)
        for path, target in facts["links"].items():
            (to / path).symlink_to(target)
        return 0, ""


class AptApp(AppUnderTest):
    """An app that lists Debian packages, a build image of a few files, and the fake archive."""

    def __init__(
        self,
        tmp_path: Path,
        files: Mapping[str, str | bytes],
        *,
        packages: Mapping[str, FakePackage] | None = None,
        **user_env: str,
    ) -> None:
        """Lay all of it out."""
        self.root = tmp_path / "root"
        self.apt = FakeApt(packages)
        self.write_root("usr/share/offramp/run-image/status", RUN_IMAGE)
        self.write_root("etc/apt/sources.list", "deb http://deb.test trixie main\n")
        self.write_root("etc/os-release", 'VERSION_CODENAME="trixie"\n')
        super().__init__(AptBuildpack(self.root), tmp_path, files, programs=self.apt.programs, user_env=user_env)

    def write_root(self, path: str, text: str) -> None:
        """Write a file of the build image."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
