"""The environment Go runs in: the build's own, the user's settings of Go, and those that this build decides itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from buildpacks.sdk import BuildContext

# Where Go puts things, which Go it is, and for which machine it compiles are for this build to decide.
_OURS = frozenset(
    {
        "GO111MODULE",
        "GOARCH",
        "GOBIN",
        "GOCACHE",
        "GOCACHEPROG",
        "GOENV",
        "GOHOSTARCH",
        "GOHOSTOS",
        "GOMODCACHE",
        "GOOS",
        "GOPATH",
        "GOROOT",
        "GOTMPDIR",
        "GOTOOLCHAIN",
        "GOTOOLDIR",
    }
)
# Read by Go or by the C compiler it starts: what an app's programs are made of.
_INPUTS = ("GO", "CGO_", "CC", "CXX", "CPATH", "PKG_CONFIG", "LIBRARY_PATH")
_NOT_INPUTS = ("GO_GIT_CRED__", "GOVERSION", "GO_INSTALL_TOOLS_IN_IMAGE")
_BUILD_DIR = "${build_dir}"
_CONFIG_HOME = "/tmp/offramp-go"  # noqa: S108 - private to the build


def go_environment(context: BuildContext, **settings: str | Path) -> dict[str, str]:
    """Give the environment for the ``go`` command: every setting of the user but those that are ours, plus ours.

    ``${build_dir}`` in a value of Go's or the C compiler's settings stands for the app directory, as on Heroku.
    """
    kept = {
        name: value.replace(_BUILD_DIR, str(context.app_dir)) if name.startswith(("GO", "CGO_")) else value
        for name, value in context.env.items()
        if name not in _OURS
    }
    ours = {
        "GO111MODULE": "on",
        # A go/env file in the home directory, which is the app's, would change settings where nobody sees it.
        "GOENV": "off",
        # Go counts what it does in files of the user's configuration directory, which is in the app.
        "XDG_CONFIG_HOME": _CONFIG_HOME,
        # Go would fetch another version by itself when go.mod asks for it; which Go is used is decided before.
        "GOTOOLCHAIN": "local",
        # Nobody is there to answer: git has to fail instead of asking for a password.
        "GIT_TERMINAL_PROMPT": "0",
    }
    return kept | ours | {name: str(value) for name, value in settings.items()}


def ignored_settings(user_env: Mapping[str, str]) -> list[str]:
    """List the settings of the user that are left out. GO111MODULE and GOTOOLCHAIN=local would change nothing."""
    harmless = {("GO111MODULE", "on"), ("GOTOOLCHAIN", "local"), ("GOENV", "off")}
    return sorted(name for name, value in user_env.items() if name in _OURS and (name, value) not in harmless)


def build_inputs(user_env: Mapping[str, str]) -> tuple[str, ...]:
    """Give the settings that programs depend on, as ``NAME=value`` and sorted: for a digest, not for a log."""
    return tuple(
        f"{name}={value}"
        for name, value in sorted(user_env.items())
        if name.startswith(_INPUTS) and not name.startswith(_NOT_INPUTS) and name not in _OURS
    )
