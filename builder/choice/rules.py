"""Who decides which buildpacks are used, when several could. Pure.

The command line, then ``project.toml``, then ``.buildpacks``, then ``app.json``, then the builder's own order. A list
of Heroku's (the latter two files) does not name what Heroku does itself: there the Procfile is read beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from builder.choice.heroku_files import APP_JSON_FILE, BUILDPACKS_FILE
from builder.choice.project_toml import PROJECT_FILE
from builder.choice.wanted import Wanted

COMMAND_LINE = "--buildpack"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The list that decides. Without ``wanted`` it is the builder's order, whose first passing group decides.

    ``rule`` names who decided; ``passed_over`` those with a list of their own that did not.
    """

    rule: str
    wanted: tuple[Wanted, ...] = ()
    with_procfile: bool = False
    passed_over: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Give the line of the log."""
        if not self.wanted:
            return "Buildpacks: the first group of the builder's order that passes"
        names = ", ".join(one.reference for one in self.wanted)
        instead = f" ({' and '.join(self.passed_over)} not used)" if self.passed_over else ""
        return f"Buildpacks: {names}, as {self.rule} says{instead}"


def choose(
    command_line: Sequence[Wanted],
    project: Sequence[Wanted],
    buildpacks_file: Sequence[Wanted],
    app_json: Sequence[Wanted],
) -> Choice:
    """Choose among the lists; an empty one says nothing."""
    lists = (
        (COMMAND_LINE, command_line),
        (PROJECT_FILE, project),
        (BUILDPACKS_FILE, buildpacks_file),
        (APP_JSON_FILE, app_json),
    )
    speaking = [(rule, tuple(wanted)) for rule, wanted in lists if wanted]
    if not speaking:
        return Choice(rule="the builder")
    (rule, wanted), *others = speaking
    return Choice(
        rule=rule,
        wanted=wanted,
        with_procfile=rule in {BUILDPACKS_FILE, APP_JSON_FILE},
        passed_over=tuple(other for other, _ in others),
    )
