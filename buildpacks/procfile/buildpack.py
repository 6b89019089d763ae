"""The Procfile buildpack: each line of the app's Procfile becomes a process of the app image.

A process runs through bash, as on Heroku. ``web`` is the default process, or the only one there is. The label
``dev.offramp.procfile`` keeps each command as it was written, for whoever translates the image.
"""

from __future__ import annotations

import json
from pathlib import Path

from buildpacks.procfile.errors import GRAMMAR_SETTING, UnknownGrammarError
from buildpacks.procfile.grammar import Entry, Grammar, Procfile, parse_procfile
from buildpacks.sdk import (
    PROFILE,
    PROFILE_D,
    BuildContext,
    Buildpack,
    BuildResult,
    DetectContext,
    DetectResult,
    Failed,
    Label,
    LayerTypes,
    Passed,
    Process,
    has_profile_scripts,
    names_in,
    process,
    profile_program,
    read_text_if_present,
    shell_script,
)

LABEL = "dev.offramp.procfile"


class ProcfileBuildpack(Buildpack):
    """Needs a file named exactly ``Procfile`` in the app's top level."""

    name = "Procfile"

    def detect(self, context: DetectContext) -> DetectResult:
        """Look for a Procfile."""
        names = names_in(context.app_dir)
        if "Procfile" in names:
            return Passed(because="found a Procfile")
        similar = [name for name in names if name.lower().startswith("procfile")]
        return Failed("no file named 'Procfile' in the app's top level" + _not_quite(similar))

    def build(self, context: BuildContext) -> BuildResult:
        """Turn its lines into processes."""
        procfile = parse_procfile(
            read_text_if_present(context.app_dir / "Procfile") or "",
            _grammar(context.user_env.get(GRAMMAR_SETTING, "")),
        )
        for warning in procfile.warnings:
            context.output.warning(warning)
        default = default_type(procfile)
        for entry in procfile.entries:
            context.output.step(f"{entry.type}: {entry.command}" + (" (default)" if entry.type == default else ""))
        if has_profile_scripts(context.app_dir):
            context.output.step(f"Sourcing {PROFILE_D}/*.sh before every process")
            layer = context.layer("profile", types=LayerTypes(launch=True))
            layer.add_exec_d("profile", profile_program(context.app_dir))
        profile = _profile(context.app_dir)
        return BuildResult(
            processes=tuple(_process(entry, profile, default) for entry in procfile.entries),
            labels=(Label(key=LABEL, value=_label(procfile)),) if procfile.entries else (),
        )


def default_type(procfile: Procfile) -> str | None:
    """Choose the default process: ``web``, else the only one, else none."""
    types = [entry.type for entry in procfile.entries]
    return "web" if "web" in types else types[0] if len(types) == 1 else None


def _process(entry: Entry, profile: str | None, default: str | None) -> Process:
    script = shell_script(entry.command, profile)
    return process(entry.type, "bash", "-c", args=(script,), default=entry.type == default)


def _label(procfile: Procfile) -> str:
    entries = [
        {"type": one.type, "key": one.key.strip(), "command": one.command, "line": one.line} for one in procfile.entries
    ]
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":"))


def _grammar(setting: str) -> Grammar:
    try:
        return Grammar(setting.strip().lower() or Grammar.STRICT)
    except ValueError:
        raise UnknownGrammarError(value=setting) from None


def _profile(app_dir: Path) -> str | None:
    file = app_dir / PROFILE
    return file.read_text(errors="replace") if file.is_file() else None


def _not_quite(similar: list[str]) -> str:
    return f" (there is '{similar[0]}', but the name has to be exact)" if similar else ""
