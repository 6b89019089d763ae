"""The processes an app without a Procfile gets, and what a web process needs in order to be reached.

As on Heroku: one program is ``web``; each of several is a process of its own name, and none of them is ``web`` unless
it is called so. Heroku's newer buildpack makes the first of several ``web``, too; a setting selects that.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from buildpacks.go.services.endpoints import Endpoint, ProgramFindings
from buildpacks.sdk import Process, Rules, process

PROCFILE, PROFILE = "Procfile", ".profile"
WEB = "web"
_WEB_LINE = re.compile(r"^\s*web:?\s+(?P<command>.*\S)", re.MULTILINE)
_READS_PORT = re.compile(r"\$(PORT\b|\{PORT\b)")


@dataclass(frozen=True, kw_only=True, slots=True)
class WebAdvice:
    """Where a web process listens instead of $PORT, and the Procfile line that mends it (empty: its source must)."""

    program: str
    endpoint: Endpoint
    line: str


def default_processes(names: Sequence[str], app_dir: Path, rules: Rules) -> tuple[Process, ...]:
    """Give the processes of programs, in their order; none when the app has a Procfile."""
    if (app_dir / PROCFILE).exists():
        return ()
    types = list(names)
    if len(names) == 1 and rules is Rules.CLASSIC:
        types = [WEB]
    commands = dict(zip(types, names, strict=True))
    if rules is Rules.CNB and names:
        commands.setdefault(WEB, names[0])
    return tuple(
        process(process_type, *_command(name, app_dir), default=process_type == WEB)
        for process_type, name in sorted(commands.items())
    )


def web_command(procfile: str | None, processes: Sequence[Process]) -> str:
    """Give the command of the web process, from the Procfile or the defaults; empty when there is none."""
    if procfile is None:
        return next((shlex.join(one.command) for one in processes if one.type == WEB), "")
    found = _WEB_LINE.search(procfile)
    return found["command"] if found else ""


def check_web(command: str, findings: dict[str, ProgramFindings]) -> WebAdvice | None:
    """Tell whether the web process listens where requests arrive, as far as its source tells. Pure."""
    name = program_of(command, findings)
    if name is None or _READS_PORT.search(command):
        return None
    endpoints = findings[name].endpoints
    if not endpoints or any(one.follows_port for one in endpoints):
        return None
    main = next((one for one in endpoints if one.name == "http"), endpoints[0])
    line = f"web: {_with_flag(command, main)}" if main.flag else ""
    return WebAdvice(program=name, endpoint=main, line=line)


def program_of(command: str, findings: dict[str, ProgramFindings]) -> str | None:
    """Find which program a command starts: the first word that is the path of one."""
    return next((name for word in _split(command) if (name := word.rpartition("/")[2]) in findings), None)


def _with_flag(command: str, endpoint: Endpoint) -> str:
    value = "$PORT" if endpoint.takes == "port" else ":$PORT"
    kept = re.sub(rf"\s--?{re.escape(endpoint.flag)}[= ]\S+", "", command)
    return f"{kept} -{endpoint.flag}={value}"


def _command(name: str, app_dir: Path) -> tuple[str, ...]:
    """Start a program as Heroku would; bash is needed only where there is a .profile to source."""
    if (app_dir / PROFILE).is_file():
        return ("bash", "-c", f". ./{PROFILE}\nexec {shlex.quote(f'bin/{name}')}")
    return (f"bin/{name}",)


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()
