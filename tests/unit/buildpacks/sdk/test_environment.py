"""Environment changes of layers."""

from __future__ import annotations

from pathlib import Path

from buildpacks.sdk.environment import LayerEnv, Scope, implicit_env


def test_layer_env_scopes() -> None:
    """A change applies in its own scope and in 'both', and a new value leaves the old one as it was."""
    base = LayerEnv().override("A", "both")
    env = base.default("B", "build", Scope.BUILD).prepend("PATH", Path("/x/bin")).append("OPTS", "-b", delimiter=" ")

    assert env.apply(Scope.BUILD, {"PATH": "/bin", "OPTS": "-a"}) == {
        "A": "both",
        "B": "build",
        "PATH": "/x/bin:/bin",
        "OPTS": "-a -b",
    }
    assert env.apply(Scope.LAUNCH, {}) == {"A": "both", "PATH": "/x/bin", "OPTS": "-b"}
    assert base.apply(Scope.LAUNCH, {}) == {"A": "both"}


def test_layer_env_default_keeps_user_value() -> None:
    """A default never replaces what the user set."""
    assert LayerEnv().default("LANG", "C").apply(Scope.LAUNCH, {"LANG": "de"}) == {"LANG": "de"}


def test_layer_env_process_files() -> None:
    """A change for one process is written below its own directory and applies to that process only."""
    env = LayerEnv().override("A", "1", Scope.LAUNCH, "web").prepend("P", "x", delimiter=",")

    assert env.files() == {
        "env": {"P.prepend": b"x", "P.delim": b","},
        "env.launch/web": {"A.override": b"1"},
    }
    assert env.apply(Scope.LAUNCH, {}, process="worker") == {"P": "x"}
    assert env.apply(Scope.LAUNCH, {}, process="web") == {"P": "x", "A": "1"}


def test_layer_env_undecodable_bytes_survive() -> None:
    """A value that is not UTF-8 passes through unchanged."""
    odd = b"\xff\xfe".decode(errors="surrogateescape")

    assert LayerEnv().append("A", "/y").apply(Scope.BUILD, {"A": odd}) == {"A": odd + ":/y"}


def test_implicit_env_directories(tmp_path: Path) -> None:
    """The directories of a layer that the specification names change the path variables."""
    for name in ("bin", "lib", "include"):
        (tmp_path / name).mkdir()

    env = implicit_env(tmp_path)

    assert env.apply(Scope.LAUNCH, {"PATH": "/bin"}) == {
        "PATH": f"{tmp_path}/bin:/bin",
        "LD_LIBRARY_PATH": f"{tmp_path}/lib",
    }
    assert env.apply(Scope.BUILD, {})["CPATH"] == f"{tmp_path}/include"
