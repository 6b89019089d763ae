"""Ruby itself in the three ways it comes: copied from the stack, compiled from source, unpacked from an archive."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.offramp import APPS, Installation, free_port, get, installation
from tests.support.package_proxy import package_proxy, shelve
from tests.support.ruby_source import MIRROR, shelve_ruby_source

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("ruby-runtime")]
_ARCHIVES = "https://ruby.example/archives"


@dataclass(frozen=True, kw_only=True)
class Rubies:
    """An installation, the app, and both versions: the stack's, and the one that is compiled."""

    offramp: Installation
    app: Path
    stack: str
    source: str

    def asking_for(self, version: str) -> Path:
        """Give a copy of the app whose lock file names a version."""
        copy = self.app.with_name(f"asks-{version}")
        if not copy.exists():
            shutil.copytree(self.app, copy)
            lock = (copy / "Gemfile.lock").read_text()
            (copy / "Gemfile.lock").write_text(lock.replace("BUNDLED", f"RUBY VERSION\n   ruby {version}\n\nBUNDLED"))
        return copy

    def facts(self, name: str) -> dict[str, object]:
        """Run an image and ask it what it runs on."""
        port = free_port()
        with self.offramp.running(name, port=port):
            status, body = get(f"http://127.0.0.1:{port}")
        assert status == 200
        return dict(json.loads(body))


@pytest.fixture(scope="module")
def rubies() -> Iterator[Rubies]:
    """The app, built once with the stack's Ruby, and once with one that is compiled."""
    with package_proxy() as proxy, installation(**proxy.environ) as offramp:
        app = offramp.places.cache / "app" / "ruby_plain"
        shutil.copytree(APPS / "ruby_plain", app)
        log = offramp.run("build", app, "-t", "plain").stderr
        stack = re.search(r"Using Ruby ([\d.]+) from the stack", log)
        assert stack is not None
        found = Rubies(offramp=offramp, app=app, stack=stack[1], source=shelve_ruby_source(stack[1]))
        offramp.build(found.asking_for(found.source), "compiled", "--env", f"OFFRAMP_RUBY_SOURCE={MIRROR}")
        yield found


def test_stack_s_ruby_works_in_the_app_image(rubies: Rubies) -> None:
    """The copy loads its own library: sockets, JSON, YAML and OpenSSL, and its own Bundler."""
    facts = rubies.facts("plain")

    assert (facts["ruby"], facts["yaml"], facts["digest"]) == (rubies.stack, "good day", _digest())
    assert str(facts["program"]).startswith("/layers/offramp_ruby/ruby/bin/ruby")
    assert facts["without"] == ["development", "test"]


def test_version_of_the_stack_needs_no_download(rubies: Rubies) -> None:
    """A lock file that names the stack's version is met by the copy."""
    log = rubies.offramp.run("build", rubies.asking_for(rubies.stack), "-t", "named").stderr

    assert f"Using Ruby {rubies.stack} from the stack (Gemfile.lock)" in log
    assert rubies.facts("named")["ruby"] == rubies.stack


def test_compiled_ruby_works_in_the_app_image(rubies: Rubies) -> None:
    """A version the stack does not have is compiled from its verified source, with all its extensions."""
    facts = rubies.facts("compiled")

    assert (facts["ruby"], facts["yaml"], facts["digest"]) == (rubies.source, "good day", _digest())


def test_compiled_ruby_is_cached(rubies: Rubies) -> None:
    """An unchanged build compiles nothing, and gives the same image."""
    app = rubies.asking_for(rubies.source)
    first = rubies.offramp.image("compiled").digest

    again = rubies.offramp.build(app, "compiled", "--env", f"OFFRAMP_RUBY_SOURCE={MIRROR}")

    assert again["digest"] == first
    assert all(layer["reused"] for layer in again["layers"])


def test_archive_of_a_compiled_ruby(rubies: Rubies) -> None:
    """What was compiled once serves other builds as an archive, named by an address and its sha256."""
    script = "tar -C /layers/offramp_ruby/ruby -cf - . | gzip -1 | base64 -w0"
    archive = base64.b64decode(rubies.offramp.run("run", "compiled", "--", "sh", "-c", script).stdout.splitlines()[-1])
    shelve(f"{_ARCHIVES}/amd64/ruby-{rubies.source}.tgz", archive)
    settings = (
        "--env", f"OFFRAMP_RUBY_ARCHIVE={_ARCHIVES}/{{arch}}/ruby-{{version}}.tgz",
        "--env", f"OFFRAMP_RUBY_ARCHIVE_SHA256={hashlib.sha256(archive).hexdigest()}",
    )  # fmt: skip

    rubies.offramp.build(rubies.asking_for(rubies.source), "unpacked", *settings)

    assert rubies.facts("unpacked")["ruby"] == rubies.source


def test_archive_with_another_checksum_is_not_unpacked(rubies: Rubies) -> None:
    """The build ends before anything of the archive is used; no image is saved."""
    shelve(f"{_ARCHIVES}/other/ruby-{rubies.source}.tgz", b"something else")
    settings = (
        "--env", f"OFFRAMP_RUBY_ARCHIVE={_ARCHIVES}/other/ruby-{{version}}.tgz",
        "--env", f"OFFRAMP_RUBY_ARCHIVE_SHA256={'0' * 64}",
    )  # fmt: skip

    done = rubies.offramp.run("build", rubies.asking_for(rubies.source), "-t", "refused", *settings, code=51)

    assert "is not the expected archive of Ruby" in done.stderr


def test_ruby_nobody_released(rubies: Rubies) -> None:
    """The error names the nearest releases that the list has."""
    options = ("-t", "unreleased", "--env", f"OFFRAMP_RUBY_SOURCE={MIRROR}")

    done = rubies.offramp.run("build", rubies.asking_for("3.3.99"), *options, code=51)

    assert "There is no Ruby 3.3.99" in done.stderr
    assert f"The nearest are: {rubies.source}" in done.stderr


def _digest() -> str:
    return hashlib.sha256(b"offramp").hexdigest()[:8]
