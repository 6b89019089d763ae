"""Becoming the build's user: what is given away, and that there is no way back."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from lifecycle_py.cli.privileges import become, environment_of, refuse_root
from lifecycle_py.errors import PrivilegeError
from lifecycle_py.oci.layer_tar import Owner

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
SOMEBODY = Owner(60901, 60902)


def in_a_child(action: Callable[[], None]) -> int:
    """Do something in a process of its own; give 0 when it raised nothing."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException:  # noqa: BLE001 - the parent only asks whether it went well
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@needs_root
def test_the_user_is_final() -> None:
    """After that the process is the user, in no group of root's, and cannot become root again."""

    def action() -> None:
        become(SOMEBODY, "export", [])
        assert (60901,) * 3 == os.getresuid()
        assert (60902,) * 3 == os.getresgid()
        assert [60902] == os.getgroups()
        with pytest.raises(OSError, match="not permitted"):
            os.seteuid(0)

    assert 0 == in_a_child(action)


@needs_root
def test_directories_are_given_whole_unless_the_user_can_write_already(tmp_path: Path) -> None:
    """As the reference does: a directory that is writable is believed to be the user's throughout."""
    closed, open_, missing = tmp_path / "closed", tmp_path / "open", tmp_path / "missing"
    for directory in (closed, open_):
        (directory / "below").mkdir(parents=True)
        (directory / "link").symlink_to("/etc/hostname")
    open_.chmod(0o777)
    before = Path("/etc/hostname").stat().st_uid
    assert 0 == in_a_child(lambda: become(SOMEBODY, "restore", [closed, open_, missing]))

    assert {60901} == {path.lstat().st_uid for path in (closed, closed / "below", closed / "link")}
    assert 0 == (open_ / "below").stat().st_uid
    assert before == Path("/etc/hostname").stat().st_uid
    assert stat.S_ISDIR(closed.stat().st_mode)


@needs_root
def test_root_is_refused_where_buildpacks_run() -> None:
    """Detector and builder."""
    with pytest.raises(PrivilegeError, match="refusing to run as root"):
        refuse_root("build")


@needs_root
def test_who_may_not_become_another_user_is_told_so() -> None:
    """The error names the user, and how to start the phase instead."""

    def action() -> None:
        become(SOMEBODY, "export", [])
        with pytest.raises(PrivilegeError, match="failed to exec as user 60903:60903"):
            become(Owner(60903, 60903), "export", [])

    assert 0 == in_a_child(action)


def test_home_and_name_come_from_the_user_s_entry() -> None:
    """A user without an entry has neither."""
    assert {"HOME": "/root", "USER": "root"} == environment_of(Owner(0, 0))
    assert {} == environment_of(Owner(4_000_000, 0))
