"""Where an app's source came from: the commit that is checked out, if git knows."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceRevision:
    """A commit. ``uri`` is the remote it was fetched from, or empty; ``changed``: files differ from the commit."""

    commit: str
    uri: str = ""
    changed: bool = False


def source_revision(app: Path) -> SourceRevision | None:
    """Ask git about the app's directory; None where it is no git work tree, or has no commit yet."""
    commit = _git(app, "rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    status = _git(app, "status", "--porcelain", "--untracked-files=normal", "--", ".")
    return SourceRevision(
        commit=commit,
        uri=public_uri(_git(app, "config", "--get", "remote.origin.url") or ""),
        changed=status != "",
    )


def source_version(app: Path) -> dict[str, str]:
    """Give the variable that holds the commit in a build, as on Heroku (heroku.md §1.1); nothing without git."""
    commit = _git(app, "rev-parse", "--verify", "HEAD")
    return {"SOURCE_VERSION": commit} if commit else {}


def public_uri(url: str) -> str:
    """Give a remote's address without user and password, and as an address where it was in scp's form.

    A path of the building machine is nobody else's business: it gives an empty text.
    """
    if "://" in url:
        parts = urlsplit(url)
        if parts.scheme == "file":
            return ""
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))
    host, colon, path = url.partition(":")
    if colon and path and "/" not in host:
        return f"ssh://{host.rpartition('@')[2]}/{path.lstrip('/')}"
    return ""


def _git(app: Path, *arguments: str) -> str | None:
    """Run git; None when it cannot say. The app's configuration must not run programs here."""
    safe = ("-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
    environ = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(["git", *safe, "-C", str(app), *arguments], capture_output=True, check=False, env=environ)
    except FileNotFoundError:
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None
