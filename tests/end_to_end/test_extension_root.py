"""Commands of Dockerfiles, as root over a real image: what they can do, and what not."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.build.extension_root import SandboxRoot, SandboxRoots
from builder.errors import CommandNotStartedError
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.session import Command
from tests.support.sandbox import writable_directory
from tests.support.stack import debian_13

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("extension-root")]

ROOT, APP = Owner(0, 0), Owner(1000, 1000)


@pytest.fixture(scope="module")
def work() -> Iterator[Path]:
    """A directory for trees, where the sandbox's users can come through."""
    with writable_directory() as directory:
        yield directory


@pytest.fixture(scope="module")
def root(work: Path) -> Iterator[SandboxRoot]:
    """The default run image, open for changes."""
    with SandboxRoots(work=work).open(debian_13().run.image) as opened:
        yield opened


def _run(root: SandboxRoot, script: str, user: Owner = ROOT) -> tuple[int, list[str]]:
    lines: list[str] = []
    command = Command(argv=("sh", "-c", script), env={"PATH": b"/usr/sbin:/usr/bin:/sbin:/bin"})
    return root.run(command, user, lines.append).code, lines


def test_root_gives_files_away(root: SandboxRoot) -> None:
    """To any user of the image, and the layer has the owners as they are inside."""
    root_before = b"".join(root.changes())
    assert b"" == root_before

    assert (0, ["0"]) == _run(root, "echo x >/given && chown 33:44 /given && chmod 4755 /given; rm /etc/issue; id -u")

    with tarfile.open(fileobj=io.BytesIO(b"".join(root.changes()))) as archive:
        members = {member.name: member for member in archive}
    assert ["/etc", "/etc/.wh.issue", "/given"] == list(members)
    assert (33, 44, 0o4755) == (members["/given"].uid, members["/given"].gid, members["/given"].mode)


def test_other_users_are_no_root(root: SandboxRoot) -> None:
    """They may write where the image lets them."""
    code, lines = _run(root, "id -u; touch /tmp/mine; touch /etc/not-mine", APP)

    assert (True, "1000") == (code != 0, lines[0])
    assert "Permission denied" in lines[-1]


def test_host_is_out_of_reach(root: SandboxRoot, work: Path) -> None:
    """Neither files nor processes nor kernel settings of the host."""
    (work / "marker").write_text("host")
    marker = work / "marker"
    _, lines = _run(
        root,
        f"cat {marker}; cat /proc/1/root{marker}; ls /proc | grep -c '^[0-9]'; "
        f"echo 1 >/proc/sys/kernel/panic; kill -0 {os.getpid()}; cat /proc/self/uid_map",
    )

    text = "\n".join(lines)
    assert "host" not in text.replace(str(marker), "").split()
    assert 2 == text.count("No such file or directory")
    assert "No such process" in text
    assert int(next(line for line in lines if line.isdigit())) <= 6
    assert "cannot create /proc/sys/kernel/panic" in text
    assert "0 0" not in " ".join(lines[-1].split())


def test_links_of_the_image_lead_nowhere_else(root: SandboxRoot, work: Path) -> None:
    """A path is followed inside of the image only, for COPY as for everything."""
    (work / "victim").write_text("kept")
    _run(root, f"ln -s {work} /leads-out; ln -s ../../../..{work} /climbs")

    for name in ("/leads-out/victim", "/climbs/victim"):
        assert root.locate(name).is_relative_to(root.locate("/"))
        assert not root.locate(name).exists()


def test_nothing_stays_running(root: SandboxRoot) -> None:
    """What a command leaves in the background is killed with it."""
    assert (0, ["started"]) == _run(root, "sleep 1234.5 >/dev/null 2>&1 & echo started")
    processes = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not any(b"1234.5" in one for one in processes)


def test_missing_program_is_told(root: SandboxRoot) -> None:
    """It is no exit code of the program's own."""
    with pytest.raises(CommandNotStartedError, match="no-such-program"):
        root.run(Command(argv=("/no-such-program",)), ROOT, print)


def test_tree_is_gone_afterwards(work: Path) -> None:
    """Nothing of an extended image's tree stays on the host."""
    before = set(work.iterdir())
    with SandboxRoots(work=work).open(debian_13().run.image) as opened:
        _run(opened, "mkdir -m 0 /closed && chown 9:9 /closed")

    assert before == set(work.iterdir())
