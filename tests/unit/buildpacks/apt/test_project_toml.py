"""Heroku's table of project.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.apt.project_toml import find_table, parse_table
from buildpacks.apt.repositories import ARMOURED
from buildpacks.apt.wanted import PackageFile, PackageRequest, Repository, Wanted
from lifecycle_py.spec.errors import TomlValueError

HEADER = "[com.heroku.buildpacks.deb-packages]\n"


def parse(tmp_path: Path, text: str) -> Wanted:
    """Read a project.toml with this table."""
    (tmp_path / "project.toml").write_text(f'[_]\nschema-version = "0.2"\n{text}')
    table = find_table(tmp_path)
    assert table is not None
    return parse_table(table)


def test_everything_it_can_say(tmp_path: Path) -> None:
    """Names, tables with options, addresses and repositories."""
    wanted = parse(
        tmp_path,
        f"""{HEADER}
install = ["jq", {{name = "curl", force = true}}, {{name = "imagemagick", skip_dependencies = true}}]
download = ["https://x.test/a.deb#sha256={"ab" * 32}", {{url = "https://x.test/b.deb", sha256 = "{"cd" * 32}"}}]

[[com.heroku.buildpacks.deb-packages.sources]]
uri = "https://apt.test"
suites = ["trixie", "trixie-updates"]
components = ["main"]
arch = ["amd64", "arm64"]
signed_by = '''{ARMOURED}
x
'''
""",
    )

    assert wanted == Wanted(
        packages=(
            PackageRequest(name="jq"),
            PackageRequest(name="curl", force=True),
            PackageRequest(name="imagemagick", skip_dependencies=True),
        ),
        files=(
            PackageFile(url="https://x.test/a.deb", sha256="ab" * 32),
            PackageFile(url="https://x.test/b.deb", sha256="cd" * 32),
        ),
        repositories=(
            Repository(
                uri="https://apt.test",
                suites=("trixie", "trixie-updates"),
                components=("main",),
                architectures=("amd64", "arm64"),
                signed_by=f"{ARMOURED}\nx\n",
            ),
        ),
    )


def test_no_table(tmp_path: Path) -> None:
    """A project without the file, or without the table, has none."""
    assert find_table(tmp_path) is None
    (tmp_path / "project.toml").write_text("[com.heroku.buildpacks.other]\n")
    assert find_table(tmp_path) is None


SOURCE = "[[com.heroku.buildpacks.deb-packages.sources]]\n"


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("instal = []", "com.heroku.buildpacks.deb-packages.instal", "unknown key"),
        ('install = "jq"', "com.heroku.buildpacks.deb-packages.install", "expected an array"),
        ("install = [1]", "com.heroku.buildpacks.deb-packages.install", "found 1"),
        ('install = ["-o"]', "com.heroku.buildpacks.deb-packages.install", "'-o': an option"),
        ("install = [{}]", "com.heroku.buildpacks.deb-packages.install[0].name", "missing"),
        ('install = [{name = "x", forced = true}]', "com.heroku.buildpacks.deb-packages.install[0].forced", "unknown"),
        ('download = ["a.deb"]', "com.heroku.buildpacks.deb-packages.download", "begins with https://"),
        ('download = [{url = "https://x/a", sha256 = "1"}]', "com.heroku.buildpacks.deb-packages.download", "64"),
        (f'{SOURCE}uri = "https://x"', "com.heroku.buildpacks.deb-packages.sources[0].suites", "missing"),
        (f'{SOURCE}uri = "x y"\nsuites = ["a"]', "com.heroku.buildpacks.deb-packages.sources[0].uri", "is no address"),
        (
            f'{SOURCE}uri = "https://x"\nsuites = ["a\\nTrusted: yes"]\ncomponents = ["main"]',
            "com.heroku.buildpacks.deb-packages.sources[0].uri",
            "is no suite",
        ),
    ],
)
def test_mistakes_name_their_key(tmp_path: Path, text: str, key: str, problem: str) -> None:
    """Each mistake is told with the file's key; nothing can be smuggled into apt's own files."""
    with pytest.raises(TomlValueError) as raised:
        parse(tmp_path, HEADER + text)

    assert raised.value.key == key
    assert problem in raised.value.problem
