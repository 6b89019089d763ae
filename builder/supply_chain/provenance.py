"""How an image was made, as a SLSA provenance statement: who built it, from what, with which parameters. Pure.

Formats: in-toto Statement v1, SLSA Provenance v1. Times are left out, as they would make every build another one;
of variables only the names are told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from builder.supply_chain.source import SourceRevision

STATEMENT_MEDIA_TYPE: Final = "application/vnd.in-toto+json"
PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
PREDICATE_ANNOTATION: Final = "in-toto.io/predicate-type"
BUILD_TYPE: Final = "urn:offramp:build:v1"
REBASE_TYPE: Final = "urn:offramp:rebase:v1"
BUILDER_ID: Final = "urn:offramp:builder"


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseDigest:
    """An image the build stands on."""

    name: str
    reference: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildFacts:
    """What is told of a build. ``buildpacks`` are ``id@version``; ``parameters`` hold no value of a variable."""

    references: tuple[str, ...]
    digest: str
    version: str
    platform: str
    parameters: Mapping[str, Any]
    buildpacks: tuple[str, ...]
    bases: tuple[BaseDigest, ...]
    source: SourceRevision | None = None
    build_type: str = BUILD_TYPE


def statement(facts: BuildFacts) -> bytes:
    """Write the statement as canonical JSON."""
    algorithm, _, value = facts.digest.partition(":")
    document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": reference, "digest": {algorithm: value}} for reference in facts.references],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": facts.build_type,
                "externalParameters": dict(facts.parameters),
                "internalParameters": {"platform": facts.platform},
                "resolvedDependencies": list(_dependencies(facts)),
            },
            "runDetails": {"builder": {"id": BUILDER_ID, "version": {"offramp": facts.version}}},
        },
    }
    return (json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n").encode()


def _dependencies(facts: BuildFacts) -> Iterator[dict[str, Any]]:
    if facts.source is not None:
        source: dict[str, Any] = {"name": "source", "digest": {"gitCommit": facts.source.commit}}
        if facts.source.uri:
            source["uri"] = f"git+{facts.source.uri}"
        if facts.source.changed:
            source["annotations"] = {"changed": True}
        yield source
    for base in facts.bases:
        name, _, digest = base.reference.partition("@")
        algorithm, _, value = digest.partition(":")
        yield {"name": base.name, "uri": f"docker://{name}", "digest": {algorithm: value}}
    for buildpack in facts.buildpacks:
        yield {"name": buildpack, "uri": f"urn:cnb:buildpack:{buildpack}"}
