"""A gem from a server with a password, and gems through mirrors: they arrive, and the password stays out."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle_py.oci.compression import open_uncompressed
from tests.support.gem_source import SERVER, serving, shelve_gems
from tests.support.offramp import APPS, Installation, free_port, get, installation
from tests.support.package_proxy import package_proxy

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("ruby-failures")]

USER, PASSWORD = "deploy", "quartz-heron-77"
PAIR = f"{USER}:{PASSWORD}"
SECRETS = (PASSWORD.encode(), base64.b64encode(PAIR.encode()))


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """An installation whose builds go through the proxy, which has the gems."""
    shelve_gems()
    with package_proxy() as proxy, installation(**proxy.environ) as one:
        yield one


def _app(tmp_path: Path, private: str) -> Path:
    """Give a copy of the app that has a mirror for each of its two sources, as ``bundle config --local`` writes it."""
    app = tmp_path / "app"
    shutil.copytree(APPS / "ruby_private_gem", app)
    (app / ".bundle").mkdir()
    (app / ".bundle" / "config").write_text(
        "---\n"
        f'BUNDLE_MIRROR__HTTPS://RUBYGEMS__ORG/: "{SERVER}/"\n'
        f'BUNDLE_MIRROR__HTTPS://PRIVATE__EXAMPLE/: "{private}/"\n'
    )
    return app


def test_private_gem_arrives_and_its_password_stays_out(offramp: Installation, tmp_path: Path) -> None:
    """Bundler's own setting has the password; it is in no log, layer, image config or cache."""
    with serving(PAIR) as private:
        app = _app(tmp_path, private)
        done = offramp.run("build", app, "-t", "private", "-e", f"BUNDLE_127__0__0__1={PAIR}")
    port = free_port()
    with offramp.running("private", port=port):
        answer = get(f"http://127.0.0.1:{port}/?text=to%20be")

    assert answer[0] == 200
    assert '"words":2' in answer[1]
    assert [] == [secret for secret in SECRETS if secret in (done.stdout + done.stderr).encode()]
    assert [] == list(_files_with(offramp, SECRETS))
    assert list(_files_with(offramp, (b"Counts words; the work is done by the compiled half",))), "the search finds"


def test_without_the_password_the_error_names_the_setting(offramp: Installation, tmp_path: Path) -> None:
    """The build says who refuses, and how credentials are passed."""
    with serving(PAIR) as private:
        done = offramp.run("build", _app(tmp_path, private), "-t", "refused", code=51)

    assert "A source of gems refuses access" in done.stderr
    assert "Authentication is required for 127.0.0.1" in done.stderr
    assert "--env BUNDLE_GEMS__EXAMPLE__COM=user:password" in done.stderr


def test_wrong_password_is_not_repeated(offramp: Installation, tmp_path: Path) -> None:
    """A password that is refused is not shown either."""
    with serving("other:one") as private:
        app = _app(tmp_path, private)
        done = offramp.run("build", app, "-t", "refused", "-e", f"BUNDLE_127__0__0__1={PAIR}", code=51)

    assert "A source of gems refuses access" in done.stderr
    assert PASSWORD not in done.stdout + done.stderr


def _files_with(offramp: Installation, texts: tuple[bytes, ...]) -> Iterator[str]:
    """Search everything that an installation keeps, whatever it is compressed with."""
    for place in (offramp.places.data, offramp.places.cache):
        for file in sorted(place.rglob("*")):
            if not file.is_file() or file.is_symlink() or file.is_relative_to(offramp.places.roots):
                continue
            with file.open("rb") as stored, open_uncompressed(stored) as plain:
                data = plain.read()
            if any(text in data for text in texts):
                yield str(file)
