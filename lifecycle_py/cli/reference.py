"""The reference page of the phase programs, made from the table of flags: ``python -m lifecycle_py.cli.reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from lifecycle_py.cli.flag_table import FLAGS, PHASES, Flag

_HEAD = """\
# The phases as programs

`lifecycle-py PHASE [FLAGS] [IMAGE ...]` runs a phase of the lifecycle where it stands, as platforms such as `pack`,
kpack and Tekton do inside of a builder image. A program or link that is called `analyzer`, `detector`, `restorer`,
`extender`, `builder`, `exporter`, `creator` or `rebaser` is that phase. What each reads, writes and guarantees is the
specification's; what we do where it leaves a choice is in [the conformance page](conformance.md).

- `CNB_PLATFORM_API` has to be set, to 0.7 through 0.15. It decides which flags there are.
- A flag may be written `-app DIR`, `-app=DIR`, `--app DIR`; flags come before image names. A flag beats its variable,
  which beats the default. `{layers}` is the layers directory.
- Information goes to stdout, warnings and errors to stderr.
- analyze, restore, export, create and rebase begin as root where they are started so, give their directories to the
  user of `-uid` and `-gid`, and become that user. detect and build refuse to be root.
- Layouts (`-layout`) are experimental: set `CNB_EXPERIMENTAL_MODE` to `warn` or `quiet`.
- Besides the flags' own variables: `CNB_EXEC_ENV`, `CNB_REGISTRY_AUTH`, `SOURCE_DATE_EPOCH`, `DOCKER_HOST`,
  `DOCKER_CONFIG`, and those of proxies.

## Arguments

| Phase | Program | Images |
| --- | --- | --- |
| analyze | analyzer | one |
| detect | detector | none |
| restore | restorer | none |
| extend | extender | none |
| build | builder | none |
| export | exporter | one or more |
| create | creator | one |
| rebase | rebaser | one or more |

## Exit codes

| Code | Meaning |
| --- | --- |
| 0 | done |
| 1 | anything that has no code of its own |
| 3 | wrong arguments |
| 11 | a Platform API that is not supported |
| 12 | a Buildpack API that is not supported |
| 20, 21, 22 | detection: nobody wants the app; nobody does and somebody broke; anything else |
| 32 | analysis |
| 42 | restoration |
| 51, 52 | build: a buildpack failed; anything else |
| 62 | export |
| 72 | rebase |
| 82 | launch |
| 91, 92 | generation: an extension failed; anything else |
| 102 | extension |

## Flags

A phase followed by a version takes the flag since that Platform API, `until` it takes it before that version.

| Flag | Variable | Default | Phases |
| --- | --- | --- | --- |
"""


def render() -> str:
    """Give the page."""
    return _HEAD + "".join(f"{row}\n" for row in _rows())


def _rows() -> Iterator[str]:
    for flag in FLAGS:
        variable = f"`{flag.variable}`" if flag.variable else ""
        default = f"`{flag.default}`" if flag.default else ""
        form = f"`-{flag.name}`" + (" (may be repeated)" if flag.repeated else "")
        yield f"| {form} | {variable} | {default} | {_phases(flag)} |"


def _phases(flag: Flag) -> str:
    entries = flag.phases.split()
    if entries == list(PHASES):
        return "all"
    return ", ".join(entry.replace("@", " ").replace("<", " until ") for entry in entries)


if __name__ == "__main__":
    sys.stdout.write(render())
