"""``offramp cache ls|prune``."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence

import click

from builder.caches.inventory import Entry, inventory
from builder.caches.prune import LIMIT_VARIABLE, Limits, cache_limit, prune, total
from builder.caches.quantities import human_age, parse_age, parse_size
from builder.cli.reporters import human_size
from builder.cli.tables import table
from builder.places import default_places


@click.group(short_help="Show or prune what is kept between builds.")
def command() -> None:
    """Show or prune what is kept between builds: apps' layers, unpacked base images, staged buildpacks.

    Nothing of it is needed: a build makes again what it misses. Images are not among it, see 'offramp images'.
    """


@command.command(name="ls", short_help="List what is kept, with size and last use.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool) -> None:  # noqa: FBT001
    """List what is kept, the most recently used first."""
    places = default_places()
    entries = inventory(places)
    if as_json:
        click.echo(json.dumps([_document(entry) for entry in entries], indent=2))
        return
    if entries:
        click.echo(_table(entries), nl=False)
    limit = human_size(cache_limit(os.environ))
    click.echo(f"{human_size(total(entries))} in {places.cache}; kept below {limit} ({LIMIT_VARIABLE})", err=True)


@command.command(name="prune", short_help="Delete what was not used for longest.")
@click.option("--max-size", metavar="SIZE", help=f"Keep this much, such as 5GB; default: {LIMIT_VARIABLE}.")
@click.option("--older-than", metavar="AGE", help="Delete what was not used for this long, such as 30d or 12h.")
@click.option("--all", "everything", is_flag=True, help="Delete everything.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
def prune_command(max_size: str | None, older_than: str | None, everything: bool, dry_run: bool) -> None:  # noqa: FBT001
    """Delete what was not used for longest. What a build or run under way may stand on is left alone."""
    limits = _limits(max_size, older_than, everything=everything)
    pruned = prune(default_places(), limits, dry_run=dry_run)
    if pruned:
        click.echo(_table(pruned), nl=False)
    click.echo(f"{'Would delete' if dry_run else 'Deleted'} {human_size(total(pruned))}", err=True)


def _limits(max_size: str | None, older_than: str | None, *, everything: bool) -> Limits:
    if everything:
        return Limits(size=0)
    age = parse_age(older_than, "--older-than") if older_than else None
    if max_size:
        return Limits(size=parse_size(max_size, "--max-size"), age=age)
    return Limits(size=None if age is not None else cache_limit(os.environ), age=age)


def _table(entries: Sequence[Entry]) -> str:
    now = time.time()
    rows = [(entry.kind, entry.name, human_size(entry.size), human_age(now - entry.used)) for entry in entries]
    return table([("KIND", "NAME", "SIZE", "LAST USED"), *rows])


def _document(entry: Entry) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "name": entry.name,
        "paths": [str(path) for path in entry.paths],
        "size": entry.size,
        "used": int(entry.used),
    }
