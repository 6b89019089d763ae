"""The diagnosis of hosts, each described by its facts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from builder.build.executor import Network
from builder.build.host import Level, judge
from builder.build.host_facts import HostFacts, PlaceFacts, SandboxProbe
from builder.build.host_passage import CA_VARIABLES, build_passage, find_ca_bundle, proxy_variables
from builder.build.sandbox_owner import parse_owner
from builder.errors import InvalidSandboxOwnerError
from lifecycle_py.oci.layer_tar import Owner

GOOD = HostFacts(
    is_root=False,
    sandbox_owner=Owner(1000, 1000),
    installer="apt-get",
    bwrap=Path("/usr/bin/bwrap"),
    bwrap_version=(0, 8, 0),
    probe=SandboxProbe(problem=None, forbids_user_namespaces=True),
    max_user_namespaces=15000,
    mmdebstrap=Path("/usr/bin/mmdebstrap"),
    debian_keyring=Path("/keys"),
    newuidmap=Path("/usr/bin/newuidmap"),
    has_subordinate_ids=True,
    ca_bundle=Path("/etc/ssl/certs/ca-certificates.crt"),
)
BROKEN = SandboxProbe(problem="bwrap: setting up uid map: Permission denied")


def test_good_host_has_nothing_to_fix() -> None:
    """A host where everything works gets no advice."""
    assert {finding.level for finding in judge(GOOD)} == {Level.OK}


@pytest.mark.parametrize(
    ("changes", "level", "what", "fix"),
    [
        ({"bwrap": None, "probe": None}, "fail", "bubblewrap is not installed", "sudo apt-get install bubblewrap"),
        (
            {"bwrap": None, "probe": None, "is_root": True, "installer": "apk"},
            "fail",
            "bubblewrap",
            "apk add bubblewrap",
        ),
        (
            {"probe": BROKEN, "max_user_namespaces": 0},
            "fail",
            "max_user_namespaces",
            "sysctl user.max_user_namespaces=",
        ),
        ({"probe": BROKEN, "unprivileged_userns_clone": 0}, "fail", "userns_clone", "unprivileged_userns_clone=1"),
        ({"probe": BROKEN, "apparmor_restricts_userns": 1}, "fail", "AppArmor", "/etc/apparmor.d/bwrap"),
        ({"probe": BROKEN, "container": "Docker"}, "fail", "container (Docker)", "seccomp=unconfined"),
        ({"probe": BROKEN, "bwrap_version": (0, 4)}, "fail", "0.4 is too old", "0.8 or newer"),
        ({"probe": BROKEN}, "fail", "does not work here", "Allow this user"),
        ({"probe": SandboxProbe(problem=None)}, "warn", "user namespaces of their own", "0.8"),
        ({"mmdebstrap": None}, "warn", "mmdebstrap", "sudo apt-get install mmdebstrap"),
        ({"newuidmap": None}, "warn", "newuidmap", "install uidmap"),
        ({"has_subordinate_ids": False}, "warn", "subordinate ids", "usermod --add-subuids"),
        ({"ca_bundle": None}, "warn", "CA bundle", "ca-certificates"),
        ({"places": (PlaceFacts(path=Path("/c"), free_bytes=1 << 40, writable=False),)}, "fail", "/c", "install -d"),
        (
            {"places": (PlaceFacts(path=Path("/c"), free_bytes=1 << 31, writable=True),)},
            "warn",
            "2.0 GiB",
            "Free space",
        ),
        (
            {"places": (PlaceFacts(path=Path("/c"), free_bytes=1 << 29, writable=True),)},
            "fail",
            "0.5 GiB",
            "Free space",
        ),
    ],
)
def test_each_obstacle_has_a_remedy(changes: dict[str, object], level: str, what: str, fix: str) -> None:
    """What is wrong is named, with how bad it is and the command that mends it."""
    bad = [finding for finding in judge(dataclasses.replace(GOOD, **changes)) if finding.level is not Level.OK]  # type: ignore[arg-type]

    assert len(bad) == 1
    assert bad[0].level == level
    assert what in bad[0].what
    assert any(fix in step for step in bad[0].fix)


def test_settings_are_not_blamed_where_the_sandbox_works() -> None:
    """The probe is the truth: Ubuntu's restriction does not matter once bubblewrap has a profile."""
    facts = dataclasses.replace(GOOD, apparmor_restricts_userns=1, container="Docker")

    assert {finding.level for finding in judge(facts)} == {Level.OK}


def test_proxies_come_in_both_spellings() -> None:
    """Programs disagree on the spelling, so both are set, the lower one winning."""
    assert proxy_variables({"HTTPS_PROXY": "a", "https_proxy": "b", "NO_PROXY": "c"}) == {
        "https_proxy": "b",
        "HTTPS_PROXY": "b",
        "no_proxy": "c",
        "NO_PROXY": "c",
    }


def test_named_bundle_comes_first(tmp_path: Path) -> None:
    """SSL_CERT_FILE says what the host trusts."""
    bundle = tmp_path / "own.pem"
    bundle.write_bytes(b"certificates")
    passage = build_passage(Network.HOST, "box", {"SSL_CERT_FILE": str(bundle)})

    assert find_ca_bundle({"SSL_CERT_FILE": str(bundle)}) == bundle
    assert b"certificates" in passage.files.values()
    assert {passage.env[name] for name in CA_VARIABLES} == {"/run/offramp/ca-certificates.crt"}


def test_own_host_name_resolves() -> None:
    """The sandbox's host name is in its hosts file; without a network nothing of the host's is."""
    passage = build_passage(Network.NONE, "box", {})
    hosts = next(content for path, content in passage.files.items() if path.name == "hosts")

    assert hosts == b"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 box\n"


@pytest.mark.parametrize("text", ["", "app", "0:0", "1000", "1000:0", "-1:5", "1000:1000:1000"])
def test_owner_is_two_numbers_above_zero(text: str) -> None:
    """The owner of sandbox processes can never be root by mistake."""
    with pytest.raises(InvalidSandboxOwnerError):
        parse_owner(text)
