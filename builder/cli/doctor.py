"""``offramp doctor``."""

from __future__ import annotations

import json
import sys

import click

from builder.build.host import Finding, Level, diagnose
from builder.cli.options import COLOR
from builder.places import default_places

_MARKS = {Level.OK: ("ok", "green"), Level.WARN: ("warn", "yellow"), Level.FAIL: ("FAIL", "red")}


@click.command(short_help="Tell what works on this host and what would help.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> int:  # noqa: FBT001
    """Tell what works on this host, what does not, and the command that would change it.

    Exits with 1 when builds cannot run in the sandbox here.
    """
    places = default_places()
    findings = diagnose((places.data, places.cache))
    if as_json:
        click.echo(json.dumps([_document(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            _show(finding)
    return 1 if any(finding.level is Level.FAIL for finding in findings) else 0


def _show(finding: Finding) -> None:
    text, color = _MARKS[finding.level]
    mark = click.style(f"{text:>4}", fg=color) if COLOR.resolve(sys.stdout) else f"{text:>4}"
    click.echo(f"{mark}  {finding.what}")
    if finding.why:
        click.echo(f"      {finding.why}")
    for step in finding.fix:
        click.echo(f"      -> {step}")


def _document(finding: Finding) -> dict[str, object]:
    return {"what": finding.what, "level": finding.level, "why": finding.why, "fix": list(finding.fix)}
