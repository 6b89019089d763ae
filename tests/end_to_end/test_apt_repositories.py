"""Repositories of Debian packages, good and bad, made on the spot: what apt says to them, and what we make of it.

The packages lie in the app or come over HTTP from this machine, so nothing here needs a network.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.debian_repository import Deb, DebianRepository, SigningKey, signing_key
from tests.support.offramp import Finished, Installation, installation
from tests.support.trees import write_tree

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("apt-repositories")]

BUILD_FAILED = 51
GREETER = Deb(
    name="greeter",
    fields={"Depends": "greeter-words (>= 1)"},
    files={"usr/bin/greeter": '#!/bin/sh\ncat "$(dirname "$0")/../share/greeter/words"\n'},
    scripts=dict.fromkeys(("preinst", "postinst", "prerm", "postrm"), "#!/bin/sh\ntouch /app/ran\nexit 1\n"),
)
WORDS = Deb(
    name="greeter-words",
    version="1.2-3",
    fields={"Provides": "words-of-any-kind"},
    files={"usr/share/greeter/hello": "good morning\n", "usr/share/greeter/words": "-> /usr/share/greeter/hello"},
)
OTHER_WORDS = Deb(name="other-words", fields={"Provides": "words-of-any-kind"})


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """A fresh installation."""
    with installation() as one:
        yield one


@pytest.fixture(scope="module")
def key() -> Iterator[SigningKey]:
    """The key that apps trust."""
    with signing_key() as one:
        yield one


@dataclass(frozen=True)
class Site:
    """An app, the repository that lies in it, and how it is built: with that repository for its only source."""

    app: Path
    repository: DebianRepository
    build: Callable[..., Finished]


@pytest.fixture
def site(offramp: Installation, key: SigningKey, tmp_path: Path) -> Site:
    """An app that asks for the greeter, and trusts the key."""
    app = write_tree(tmp_path / "app", {"Aptfile": "greeter\n", "Procfile": "web: greeter\n"})
    (app / "key.asc").write_bytes(key.public)
    repository = DebianRepository(app / "repository")
    repository.write(GREETER, WORDS, OTHER_WORDS)
    repository.sign(key)

    def build(*options: str, uri: str = "file:/app/repository", code: int = 0) -> Finished:
        mirror = f"OFFRAMP_APT_MIRROR=deb [signed-by=key.asc] {uri} ./"
        packs = ("--buildpack", "offramp/apt", "--buildpack", "offramp/procfile")
        name = f"greeter-{tmp_path.name}".replace("_", "-").lower()[:60]
        return offramp.run("build", app, "-t", name, *packs, "-e", mirror, *options, code=code)

    return Site(app, repository, functools.partial(build, "--progress", "plain"))


def assert_nothing_is_kept(site: Site, key: SigningKey) -> None:
    """Mend the repository, and see that the next build finds nothing of the failed one."""
    site.repository.write(GREETER, WORDS, OTHER_WORDS)
    site.repository.sign(key)

    assert "Nothing is cached" in site.build().stderr


def test_signed_repository_is_installed(site: Site, offramp: Installation) -> None:
    """Packages and what they depend on come from a repository whose signature holds; the program runs."""
    done = site.build("--network", "none")
    assert "greeter 1.0, greeter-words 1.2-3" in done.stderr

    image = done.stdout.split("@")[0].strip()
    assert offramp.run("run", image, "--", "greeter").stdout == "good morning\n"


def test_no_maintainer_script_runs(site: Site, offramp: Installation) -> None:
    """Scripts that would leave a file, and fail, do neither."""
    image = site.build().stdout.split("@")[0].strip()

    assert offramp.run("run", image, "--", "ls", "/app/ran", code=None).code == 2


def test_repository_without_a_signature_is_refused(site: Site, key: SigningKey) -> None:
    """No InRelease, no packages; nothing is kept."""
    (site.repository.directory / "InRelease").unlink()
    done = site.build(code=BUILD_FAILED)

    assert "A repository of Debian packages is not signed by a key that is trusted" in done.stderr
    assert "is not signed" in done.stderr
    assert_nothing_is_kept(site, key)


def test_repository_signed_by_another_key_is_refused(site: Site, key: SigningKey) -> None:
    """A signature counts only if it is by the key that the app names."""
    with signing_key() as other:
        site.repository.sign(other)
    done = site.build(code=BUILD_FAILED)

    assert "A repository of Debian packages is not signed by a key that is trusted" in done.stderr
    assert_nothing_is_kept(site, key)


def test_list_changed_after_signing_is_refused(site: Site, key: SigningKey) -> None:
    """A list that is not the one the signature covers is not read."""
    packages = site.repository.directory / "Packages"
    packages.write_bytes(packages.read_bytes().replace(b"greeter-words", b"greeter-wards"))
    with site.repository.served() as uri:
        done = site.build(uri=uri, code=BUILD_FAILED)

    assert "Hash Sum mismatch" in done.stderr
    assert_nothing_is_kept(site, key)


def test_expired_repository_is_refused(site: Site, key: SigningKey) -> None:
    """An old list that somebody replays, to keep a security update from us, is not read."""
    site.repository.write(GREETER, WORDS, valid_until="Tue, 14 Nov 2023 23:13:20 GMT")
    site.repository.sign(key)
    done = site.build(code=BUILD_FAILED)

    assert "is expired" in done.stderr
    assert "this machine's clock is out of date" in done.stderr
    assert_nothing_is_kept(site, key)


@pytest.mark.parametrize("over_http", [True, False])
def test_package_changed_after_signing_is_refused(site: Site, key: SigningKey, over_http: bool) -> None:  # noqa: FBT001
    """A package of another digest is not unpacked, wherever it comes from."""
    file = site.repository.directory / GREETER.file_name
    file.write_bytes(file.read_bytes().replace(b"2.0\n", b"2.1\n"))
    with site.repository.served() as uri:
        done = site.build(**({"uri": uri} if over_http else {}), code=BUILD_FAILED)

    assert "Hash Sum mismatch" in done.stderr
    assert "Nothing was unpacked." in done.stderr
    assert "Unpacking" not in done.stderr
    assert_nothing_is_kept(site, key)


def test_repository_that_is_not_there(site: Site) -> None:
    """An address nobody answers at is the network's failure, with the setting that helps."""
    done = site.build(uri="http://127.0.0.1:1", code=BUILD_FAILED)

    assert "Couldn't fetch the lists of a repository of Debian packages" in done.stderr
    assert "OFFRAMP_APT_MIRROR" in done.stderr


def test_virtual_package_of_several(site: Site) -> None:
    """Real apt's providers are listed."""
    (site.app / "Aptfile").write_text("words-of-any-kind\n")
    done = site.build(code=BUILD_FAILED)

    assert "'words-of-any-kind' can be any of 2 packages" in done.stderr
    assert "greeter-words" in done.stderr
    assert "other-words" in done.stderr


def test_virtual_package_of_one(site: Site, key: SigningKey) -> None:
    """The only package that provides a name is chosen."""
    site.repository.write(WORDS)
    site.repository.sign(key)
    (site.app / "Aptfile").write_text("words-of-any-kind\n")

    assert "greeter-words 1.2-3" in site.build().stderr


def test_misspelled_package(site: Site) -> None:
    """A name that nobody has comes with one that is close, from the real list."""
    (site.app / "Aptfile").write_text("# the greeter\ngreetre\n")
    done = site.build(code=BUILD_FAILED)

    assert "Instead of 'greetre' (Aptfile, line 2), did you mean 'greeter'" in done.stderr


def test_unmet_dependency(site: Site, key: SigningKey) -> None:
    """Apt's own explanation is shown."""
    site.repository.write(GREETER)
    site.repository.sign(key)
    done = site.build(code=BUILD_FAILED)

    assert "These packages cannot be installed together: greeter" in done.stderr
    assert "greeter-words" in done.stderr


def test_refresh_and_new_version(site: Site, key: SigningKey) -> None:
    """A newer version stays unseen while nothing changes, and comes with another value of the setting."""
    site.build()
    newer = Deb(name="greeter", version="2.0", fields=GREETER.fields, files=GREETER.files)
    site.repository.write(newer, WORDS)
    site.repository.sign(key)
    assert "Using cached Debian packages" in site.build().stderr

    assert "greeter 2.0" in site.build("-e", "OFFRAMP_APT_REFRESH=2").stderr


def test_package_of_a_hostile_publisher_stays_in_its_layer(site: Site, key: SigningKey) -> None:
    """A file that would go through a link out of the layer ends the build instead."""
    hostile = Deb(name="greeter", files={"usr/out": "-> /app", "usr/out/planted": "x"})
    site.repository.write(hostile)
    site.repository.sign(key)
    done = site.build(code=BUILD_FAILED)

    assert f"Couldn't unpack '{GREETER.file_name}'" in done.stderr
    assert "usr/out/planted: Cannot open" in done.stderr
