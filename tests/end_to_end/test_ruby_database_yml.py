"""config/database.yml as the build writes it, read by the image's own Ruby as Active Record before 4.1 reads it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from tests.support.offramp import APPS, Installation, installation

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("ruby-database-yml")]
NAME = "ruby-database-yml"
READ = 'puts YAML.load(ERB.new(File.read("config/database.yml")).result).to_json'
RUBY = ("--", "ruby", "-ryaml", "-rerb", "-rjson", "-e", READ)


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """An image of an app with a config directory, and without Active Record."""
    with installation() as one:
        app = one.places.cache / "app" / "ruby_plain"
        shutil.copytree(APPS / "ruby_plain", app)
        (app / "config").mkdir()
        (app / "config" / "database.yml").write_text("production:\n  adapter: sqlite3\n")
        log = one.run("build", app, "-t", NAME).stderr
        assert "- Writing config/database.yml to read from DATABASE_URL" in log
        yield one


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "postgres://shop:secret@db.example:5433/orders",
            {"adapter": "postgresql", "database": "orders", "username": "shop", "password": "secret",
             "host": "db.example", "port": 5433},
        ),
        (
            "mysql2://shop@db.example/orders",
            {"adapter": "mysql2", "database": "orders", "username": "shop", "password": None, "host": "db.example",
             "port": None},
        ),
        (
            "postgres://shop:p%40ss%22w%27%23%7B+%C3%A4@db.example/orders?sslmode=require&pool=5&prepared=false",
            {"adapter": "postgresql", "database": "orders", "username": "shop", "password": "p@ss\"w'#{+ä",
             "host": "db.example", "port": None, "sslmode": "require", "pool": 5, "prepared": False},
        ),
        (
            "postgres://shop:0123@db.example/null",
            {"adapter": "postgresql", "database": "null", "username": "shop", "password": "0123", "host": "db.example",
             "port": None},
        ),
    ],
)  # fmt: skip
def test_file_gives_what_the_address_says(offramp: Installation, address: str, expected: dict[str, object]) -> None:
    """Escapes are undone, numbers of a password stay a text, and options are what they look like."""
    env = ("--env", f"DATABASE_URL={address}", "--env", "RAILS_ENV=production")

    done = offramp.run("run", NAME, *env, *RUBY)

    assert json.loads(done.stdout.splitlines()[-1]) == {"production": expected}


def test_app_without_database_is_told_so(offramp: Installation) -> None:
    """The app does not start with a database that is none."""
    done = offramp.run("run", NAME, "--env", "RAILS_ENV=production", *RUBY, code=None)

    assert done.code not in {0, None}
    assert "DATABASE_URL is not set" in done.stderr
