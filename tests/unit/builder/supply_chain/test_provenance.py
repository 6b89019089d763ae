"""Provenance: what it tells of a build, and what it never tells."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from builder.supply_chain.provenance import BaseDigest, BuildFacts, statement
from builder.supply_chain.source import SourceRevision, public_uri, source_revision

_FACTS = BuildFacts(
    references=("registry.example.com/app:1",),
    digest="sha256:" + "a" * 64,
    version="1.0",
    platform="linux/amd64",
    parameters={"variables": ["TOKEN"]},
    buildpacks=("offramp/python@0.1.0",),
    bases=(BaseDigest(name="run image", reference="offramp/run:13@sha256:" + "b" * 64),),
    source=SourceRevision(commit="c" * 40, uri="https://example.com/app.git", changed=True),
)


def test_statement_is_of_in_toto_and_slsa() -> None:
    """Subject, dependencies with digests, builder: where the formats have them."""
    document = json.loads(statement(_FACTS))

    predicate = document["predicate"]
    assert ("https://in-toto.io/Statement/v1", "https://slsa.dev/provenance/v1") == (
        document["_type"],
        document["predicateType"],
    )
    assert [{"name": "registry.example.com/app:1", "digest": {"sha256": "a" * 64}}] == document["subject"]
    assert {"id": "urn:offramp:builder", "version": {"offramp": "1.0"}} == predicate["runDetails"]["builder"]
    source, run_image, buildpack = predicate["buildDefinition"]["resolvedDependencies"]
    assert ("git+https://example.com/app.git", {"gitCommit": "c" * 40}) == (source["uri"], source["digest"])
    assert {"changed": True} == source["annotations"]
    assert ("docker://offramp/run:13", {"sha256": "b" * 64}) == (run_image["uri"], run_image["digest"])
    assert "urn:cnb:buildpack:offramp/python@0.1.0" == buildpack["uri"]


def test_equal_builds_have_equal_statements() -> None:
    """No time, no host: pushing the same image again attaches nothing new."""
    assert statement(_FACTS) == statement(_FACTS)


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("https://example.com/a.git", "https://example.com/a.git"),
        ("https://user:secret@example.com/a.git", "https://example.com/a.git"),
        ("https://token@example.com:8443/a.git?access=secret#x", "https://example.com:8443/a.git"),
        ("ssh://git@example.com/a.git", "ssh://example.com/a.git"),
        ("git@example.com:team/a.git", "ssh://example.com/team/a.git"),
        ("file:///home/me/a", ""),
        ("/home/me/a", ""),
        ("../a", ""),
        ("./a:b", ""),
        ("", ""),
    ],
)
def test_a_remote_is_told_without_secrets(url: str, uri: str) -> None:
    """Neither credentials nor paths of the building machine leave it."""
    assert uri == public_uri(url)


def _git(directory: Path, *arguments: str) -> str:
    who = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    done = subprocess.run(["git", *who, "-C", directory, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_source_is_the_commit_that_is_checked_out(tmp_path: Path) -> None:
    """With its remote, and whether files differ from it."""
    app = tmp_path / "app"
    app.mkdir()
    assert None is source_revision(app)
    _git(tmp_path, "init", "--quiet")
    assert None is source_revision(app)
    (app / "file").write_text("1")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "-m", "x")
    _git(tmp_path, "remote", "add", "origin", "https://u:p@example.com/a.git")
    commit = _git(tmp_path, "rev-parse", "HEAD")

    assert SourceRevision(commit=commit, uri="https://example.com/a.git") == source_revision(app)

    (tmp_path / "elsewhere").write_text("not of the app")
    assert SourceRevision(commit=commit, uri="https://example.com/a.git") == source_revision(app)
    (app / "file").write_text("2")
    changed = source_revision(app)
    assert changed is not None
    assert changed.changed
