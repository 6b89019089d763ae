"""What has to change in a package's files so that they work in a layer."""

from __future__ import annotations

import posixpath
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.apt.alternatives import Alternative, make_links, parse_alternatives
from buildpacks.apt.layer_environment import find_directories, layer_environment, multiarch, private_libraries
from buildpacks.apt.relocating import mend_pkg_config, mend_target, prepare_tree, relocate
from tests.support.trees import write_tree

HERE = frozenset({"/usr/lib/x/liba.so.1.0", "/usr/share/a/data", "/etc/a.conf"})


@pytest.mark.parametrize(
    ("link", "target", "expected"),
    [
        ("/usr/lib/x/liba.so.1", "liba.so.1.0", "liba.so.1.0"),
        ("/usr/lib/x/liba.so", "/usr/lib/x/liba.so.1.0", "liba.so.1.0"),
        ("/usr/lib/x/liba.so", "/lib/x/liba.so.1.0", "liba.so.1.0"),
        ("/usr/share/a/conf", "/etc/a.conf", "../../../etc/a.conf"),
        ("/usr/share/a/conf", "../../../etc/a.conf", "../../../etc/a.conf"),
        ("/usr/lib/x/libz.so", "libz.so.1.3", "/usr/lib/x/libz.so.1.3"),
        ("/usr/lib/x/libz.so", "/lib/x/libz.so.1.3", "/lib/x/libz.so.1.3"),
        ("/usr/share/certs", "/etc/ssl/certs", "/etc/ssl/certs"),
        ("/usr/x", "/", "/"),
    ],
)
def test_links(link: str, target: str, expected: str) -> None:
    """What the layer has is reached by a relative path, what only the image has by an absolute one."""
    assert mend_target(link, target, HERE.__contains__) == expected


PARTS = st.lists(st.sampled_from(["usr", "lib", "bin", "a", "b", "..", "."]), min_size=1, max_size=5)


@given(PARTS, PARTS, st.booleans())
def test_mended_link_never_leads_elsewhere(link_parts: list[str], target_parts: list[str], absolute: bool) -> None:  # noqa: FBT001
    """Whether relative or absolute, the mended link means the place the package meant, but for merged directories."""
    link = posixpath.normpath("/" + "/".join(link_parts) + "/link")
    target = ("/" if absolute else "") + "/".join(target_parts)
    meant = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
    inside = mend_target(link, target, lambda _path: True)
    outside = mend_target(link, target, lambda _path: False)

    assert not inside.startswith("/")
    assert posixpath.normpath(posixpath.join(posixpath.dirname(link), inside)) in {meant, f"/usr{meant}"}
    assert outside == meant


def test_pkg_config() -> None:
    """Variables that begin with /usr begin in the layer; flags and other paths stay."""
    text = (
        "prefix=/usr\nlibdir = /usr/lib/x\nincludedir=${prefix}/include\netc=/etc\n\nName: a\nCflags: -I/usr/include\n"
    )

    assert mend_pkg_config(text, "/layers/p") == (
        "prefix=/layers/p/usr\nlibdir = /layers/p/usr/lib/x\nincludedir=${prefix}/include\netc=/etc\n\nName: a\n"
        "Cflags: -I/usr/include\n"
    )


def test_tree_of_a_package(tmp_path: Path) -> None:
    """What a package ships below /lib lies in /usr/lib; documentation goes, licences stay; rights are plain."""
    prepare_tree(tmp_path)
    write_tree(
        tmp_path,
        {
            "lib/x86_64-linux-gnu/liba.so.1": "a",
            "usr/share/doc/a/copyright": "c",
            "usr/share/doc/a/changelog.gz": "c",
            "usr/share/doc/a/examples/x": "x",
            "usr/share/man/man1/a.1.gz": "m",
        },
    )
    (tmp_path / "usr/lib/x86_64-linux-gnu/liba.so.1").chmod(0o4755)
    relocate(tmp_path, Path("/layers/p"))
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}

    assert files == {"usr/lib/x86_64-linux-gnu/liba.so.1", "usr/share/doc/a/copyright"}
    assert (tmp_path / "usr/lib/x86_64-linux-gnu/liba.so.1").stat().st_mode & 0o7777 == 0o755
    assert sorted(path.name for path in tmp_path.iterdir()) == ["usr"]


SCRIPT = """#!/bin/sh
set -e
if [ "$1" = configure ]; then
    update-alternatives --install /usr/lib/x/libblas.so.3 libblas.so.3-x /usr/lib/x/blas/libblas.so.3 10
    update-alternatives --quiet \\
        --install /usr/bin/figlet figlet /usr/bin/figlet-figlet 20 \\
        --slave /usr/share/man/man6/figlet.6.gz figlet.6.gz /usr/share/man/man6/figlet-figlet.6.gz
    update-alternatives --install /usr/bin/$name name /usr/bin/x 1
    update-alternatives --install "/usr/bin/`id`" name /usr/bin/x 1
    update-alternatives --install /usr/../etc/passwd name /usr/bin/x 1
    update-alternatives --remove x /usr/bin/x
    update-alternatives --install /usr/bin/y y
    update-alternatives --install '/usr/bin/z z /usr/bin/zz 1
fi
"""


def test_alternatives_are_read_not_run() -> None:
    """Literal lines mean a link; variables, commands, ways out and halves of lines mean nothing."""
    assert parse_alternatives(SCRIPT) == (
        Alternative(link="/usr/lib/x/libblas.so.3", path="/usr/lib/x/blas/libblas.so.3", priority=10),
        Alternative(link="/usr/bin/figlet", path="/usr/bin/figlet-figlet", priority=20),
        Alternative(link="/usr/share/man/man6/figlet.6.gz", path="/usr/share/man/man6/figlet-figlet.6.gz", priority=20),
    )


LOOP = """
VERSION=7
for prog in convert magick; do
    update-alternatives --install /usr/bin/$prog \\
                        $prog /usr/bin/${prog}-im$VERSION 10000
done
for file in *.x; do update-alternatives --install /usr/bin/$file x /usr/bin/x 1; done
"""


def test_alternatives_of_a_loop() -> None:
    """Variables that have plain words only are replaced by each of them; a pattern is none."""
    assert [(one.link, one.path) for one in parse_alternatives(LOOP)] == [
        ("/usr/bin/convert", "/usr/bin/convert-im7"),
        ("/usr/bin/magick", "/usr/bin/magick-im7"),
    ]


@given(st.text())
def test_no_script_breaks_the_reader(script: str) -> None:
    """Any text gives a list of links between absolute paths."""
    for one in parse_alternatives(script + " update-alternatives --install " + script):
        assert one.link.startswith("/")
        assert one.path.startswith("/")


def test_best_alternative_wins_and_files_stay(tmp_path: Path) -> None:
    """The highest priority makes the link; what is there is not replaced, and what is not there is not linked to."""
    write_tree(tmp_path, {"usr/bin/a": "a", "usr/bin/b": "b", "usr/bin/taken": "file"})
    make_links(
        tmp_path,
        (
            Alternative(link="/usr/bin/x", path="/usr/bin/a", priority=1),
            Alternative(link="/usr/bin/x", path="/usr/bin/b", priority=9),
            Alternative(link="/usr/bin/taken", path="/usr/bin/a", priority=5),
            Alternative(link="/usr/bin/lost", path="/usr/bin/nowhere", priority=5),
        ),
    )

    assert str((tmp_path / "usr/bin/x").readlink()) == "/usr/bin/b"
    assert (tmp_path / "usr/bin/taken").read_text() == "file"
    assert not (tmp_path / "usr/bin/lost").is_symlink()


@pytest.mark.parametrize(("architecture", "triple"), [("amd64", "x86_64-linux-gnu"), ("arm64", "aarch64-linux-gnu")])
def test_environment_by_architecture(architecture: str, triple: str) -> None:
    """Every list of the environment holds the directories of the image's architecture, and no other's."""
    env = layer_environment(Path("/l"), architecture, lambda pattern: (pattern,), ("usr/lib/private",))
    values = {change.change.name: change.change.value.decode() for change in env.changes}

    assert multiarch(architecture) == triple
    assert values == {
        "PATH": "/l/usr/bin:/l/usr/sbin",
        "LD_LIBRARY_PATH": f"/l/usr/lib/{triple}:/l/usr/lib:/l/usr/lib/private",
        "LIBRARY_PATH": f"/l/usr/lib/{triple}:/l/usr/lib:/l/usr/lib/private",
        "CPATH": f"/l/usr/include/{triple}:/l/usr/include",
        "CPPPATH": f"/l/usr/include/{triple}:/l/usr/include",
        "INCLUDE_PATH": f"/l/usr/include/{triple}:/l/usr/include",
        "PKG_CONFIG_PATH": f"/l/usr/lib/{triple}/pkgconfig:/l/usr/lib/pkgconfig:/l/usr/share/pkgconfig",
        "PERL5LIB": (
            f"/l/usr/share/perl5:/l/usr/lib/{triple}/perl5/5.*:/l/usr/lib/{triple}/perl/5.*.*:/l/usr/share/perl/5.*.*"
        ),
        "GIT_EXEC_PATH": "/l/usr/lib/git-core",
        "GIT_TEMPLATE_DIR": "/l/usr/share/git-core/templates",
        "FIGLET_FONTDIR": "/l/usr/share/figlet",
        "MAGICK_CONFIGURE_PATH": "/l/etc/ImageMagick-*",
        "MAGICK_CODER_MODULE_PATH": f"/l/usr/lib/{triple}/ImageMagick-*/modules-*/coders",
        "MAGICK_FILTER_MODULE_PATH": f"/l/usr/lib/{triple}/ImageMagick-*/modules-*/filters",
    }


def test_environment_of_nothing() -> None:
    """No variable names a directory that is not there."""
    assert layer_environment(Path("/l"), "amd64", lambda _pattern: ()).changes == ()


def test_directories_are_found_by_patterns(tmp_path: Path) -> None:
    """A pattern gives every directory it matches, relative and sorted; files are none."""
    write_tree(tmp_path, {"etc/ImageMagick-7/x": "", "etc/ImageMagick-6/x": "", "etc/ImageMagick-5": ""})

    assert find_directories(tmp_path, "etc/ImageMagick-*") == ("etc/ImageMagick-6", "etc/ImageMagick-7")


def test_private_directories_of_libraries(tmp_path: Path) -> None:
    """Directories that hold libraries of their own are found; plug-ins and plain directories are not."""
    home = "usr/lib/aarch64-linux-gnu"
    write_tree(
        tmp_path,
        {f"{home}/liba.so.1": "", f"{home}/pulseaudio/libp.so.1": "", f"{home}/perl/a/x.so": "", f"{home}/d/e": ""},
    )

    assert private_libraries(tmp_path, "arm64") == (f"{home}/pulseaudio",)
