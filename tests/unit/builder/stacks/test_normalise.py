"""What of an installed system goes into a base image."""

from __future__ import annotations

import io
import tarfile

from builder.stacks.base_tar import HARD_LINK, Entry, file_entry, read_entries, write_entries
from builder.stacks.normalise import normalise
from builder.stacks.packages import RUN_IMAGE_STATUS_FILE, Package, parse_packages, read_package_list
from builder.stacks.stack_toml import StackUser
from lifecycle_py.oci.tar_header import DIRECTORY, SYMLINK

USER = StackUser(name="app", uid=1000, gid=1000, home="/app")
STATUS = """Package: curl
Status: install ok installed
Architecture: amd64
Version: 8.14.1-2
Source: curl-source (8.14.1)
Description: transfers
 Package: not a field

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
"""


def _system(*more: Entry) -> tuple[Entry, ...]:
    return (
        file_entry("/var/lib/dpkg/status", STATUS.encode()),
        file_entry("/etc/passwd", b"root:x:0:0:root:/root:/bin/bash\n"),
        file_entry("/etc/shadow", b"root:*:20780:0:99999:7:::\n", 0o640),
        *more,
    )


def _normalised(*more: Entry, has_package_manager: bool = True) -> dict[str, Entry]:
    entries = normalise(_system(*more), USER, has_package_manager=has_package_manager)
    return {entry.path: entry for entry in entries}


def test_drops_facts_of_the_host_and_its_clock() -> None:
    """Neither the host's name and addresses nor caches, logs, locks and backups go into an image."""
    paths = (
        *("/etc/hostname", "/etc/resolv.conf", "/etc/machine-id", "/etc/passwd-", "/var/lib/dpkg/status-old"),
        *("/var/log/dpkg.log", "/var/cache/ldconfig/aux-cache", "/var/lib/apt/lists/x", "/tmp/x", "/run/lock/x"),
        *("/var/lib/dpkg/lock-frontend", "/etc/apt/apt.conf.d/99mmdebstrap", "/dev/console"),
    )

    assert not set(paths) & set(_normalised(*(file_entry(path, b"x") for path in paths)))


def test_keeps_mount_points() -> None:
    """A directory whose contents are dropped stays."""
    kept = _normalised(
        Entry(path="/proc", kind=DIRECTORY, mode=0o555), Entry(path="/var/log", kind=DIRECTORY, mode=0o755)
    )

    assert {"/proc", "/var/log"} <= set(kept)


def test_keeps_licences_and_package_database() -> None:
    """Documentation goes, but copyright files and what scanners read stay."""
    kept = _normalised(
        file_entry("/usr/share/doc/curl/copyright", b"c"),
        file_entry("/usr/share/doc/curl/changelog.gz", b"c"),
        file_entry("/usr/share/man/man1/curl.1.gz", b"m"),
        file_entry("/var/lib/dpkg/info/curl.list", b"l"),
    )

    assert "/usr/share/doc/curl/changelog.gz" not in kept
    assert "/usr/share/man/man1/curl.1.gz" not in kept
    assert {"/usr/share/doc/curl/copyright", "/var/lib/dpkg/status", "/var/lib/dpkg/info/curl.list"} <= set(kept)


def test_without_package_manager_its_state_goes() -> None:
    """An image that cannot install packages has no sources list, and no debconf database."""
    sources = file_entry("/etc/apt/sources.list", b"deb")

    assert "/etc/apt/sources.list" in _normalised(sources)
    assert "/etc/apt/sources.list" not in _normalised(sources, has_package_manager=False)


def test_adds_user_and_its_home() -> None:
    """The user is in the account files, without the day of the making, and owns its home."""
    image = _normalised()

    assert image["/etc/passwd"].content().decode().splitlines()[-1] == "app:x:1000:1000::/app:/bin/bash"
    assert image["/etc/shadow"].content() == b"root:*::0:99999:7:::\napp:*::0:99999:7:::\n"
    assert (image["/app"].uid, image["/app"].gid, image["/app"].mode) == (1000, 1000, 0o755)


def test_adds_package_list() -> None:
    """The list names what is installed, not what was."""
    content = _normalised()["/usr/share/offramp/packages.json"].content()
    expected = (Package(name="curl", architecture="amd64", version="8.14.1-2", source="curl-source"),)

    assert read_package_list(content) == parse_packages(STATUS) == expected


def test_build_image_carries_the_run_image_s_status() -> None:
    """Given the run image's package status, it is a file; without, there is no trace of it."""
    entries = normalise(_system(), USER, has_package_manager=True, run_status=STATUS.encode())
    image = {entry.path: entry for entry in entries}

    assert image[RUN_IMAGE_STATUS_FILE].content() == STATUS.encode()
    assert image[RUN_IMAGE_STATUS_FILE.rpartition("/")[0]].kind == DIRECTORY
    assert RUN_IMAGE_STATUS_FILE not in _normalised()


def test_sorts_parents_first() -> None:
    """The order depends on names only, and a directory stands before what is in it."""
    entries = [file_entry(path, b"") for path in ("/a-b", "/a/c", "/z")] + [
        Entry(path="/a", kind=DIRECTORY, mode=0o755)
    ]
    order = [path for path in _normalised(*reversed(entries)) if path in {"/a", "/a-b", "/a/c", "/z"}]

    assert order == ["/a", "/a/c", "/a-b", "/z"]


def test_hard_links_follow_their_file() -> None:
    """The first name of a linked file holds the contents, whichever name the archive gave them to."""
    image = _normalised(
        file_entry("/usr/bin/zz", b"program", 0o755),
        Entry(path="/usr/bin/aa", kind=HARD_LINK, mode=0o755, link="/usr/bin/zz"),
    )

    assert image["/usr/bin/aa"].content() == b"program"
    assert (image["/usr/bin/zz"].kind, image["/usr/bin/zz"].link) == (HARD_LINK, "/usr/bin/aa")


def test_archive_survives_the_round_trip() -> None:
    """What is written can be read by others, with owners, modes, links and contents."""
    entries = (
        Entry(path="/d", kind=DIRECTORY, mode=0o1777),
        file_entry("/d/f", b"x" * 1000, 0o4755),
        Entry(path="/d/h", kind=HARD_LINK, mode=0o4755, link="/d/f"),
        Entry(path="/d/s", kind=SYMLINK, mode=0o777, link="f", uid=1000, gid=1000),
        file_entry("/d/" + "long" * 40, b"y"),
    )
    tar = io.BytesIO(b"".join(write_entries(entries)))

    assert [_facts(entry) for entry in read_entries(tar)] == [_facts(entry) for entry in entries]


def test_devices_are_left_out() -> None:
    """An image has no device nodes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        device = tarfile.TarInfo("./dev/console")
        device.type = tarfile.CHRTYPE
        archive.addfile(device)
        archive.addfile(tarfile.TarInfo("./etc/x"))
    buffer.seek(0)

    assert [entry.path for entry in read_entries(buffer)] == ["/etc/x"]


def _facts(entry: Entry) -> tuple[object, ...]:
    return (entry.path, entry.kind, entry.mode, entry.uid, entry.gid, entry.link, entry.content())
