"""What the build tells about the app's services: Go kit, where programs listen, and a web process without $PORT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from buildpacks.go.go_mod import GoMod
from buildpacks.go.layers.programs import Installed
from buildpacks.go.processes import PROCFILE, check_web, web_command
from buildpacks.go.services.endpoints import LABEL, Endpoint, ProgramFindings, to_label
from buildpacks.go.services.find import GO_KIT, find_program
from buildpacks.sdk import BuildContext, Label, Process, read_text_if_present


def find_services(context: BuildContext, mod: GoMod, installed: Installed) -> dict[str, ProgramFindings]:
    """Read the source of each program of the app; one that comes from elsewhere has nothing to read."""
    return {
        one.name: find_program(context.app_dir / one.directory, context.app_dir, mod.module)
        for one in installed.programs
        if one.directory
    }


def tell_about_services(
    context: BuildContext, mod: GoMod, findings: dict[str, ProgramFindings], processes: Sequence[Process]
) -> None:
    """Say what was found, and what does not fit."""
    _tell_about_go_kit(context, mod, findings)
    for name, found in findings.items():
        context.output.step(describe(name, found))
    _tell_about_web(context, findings, processes)


def endpoint_labels(findings: Mapping[str, ProgramFindings]) -> tuple[Label, ...]:
    """Give the label with what was found."""
    return (Label(key=LABEL, value=to_label(findings)),) if findings else ()


def _tell_about_go_kit(context: BuildContext, mod: GoMod, findings: Mapping[str, ProgramFindings]) -> None:
    """Say that the app is made with Go kit, and which transports it uses."""
    used = [f"{module.rpartition('/')[2]} {version}" for module in GO_KIT if (version := mod.required(module))]
    if not used:
        return
    transports = sorted({one for found in findings.values() for one in found.transports})
    over = f", with the transports {' and '.join(transports)}" if transports else ""
    context.output.step(f"Found Go kit ({', '.join(used)}){over}")


def _tell_about_web(context: BuildContext, findings: dict[str, ProgramFindings], processes: Sequence[Process]) -> None:
    """Warn when the web process does not listen on $PORT, with the line that mends it."""
    procfile = read_text_if_present(context.app_dir / PROCFILE)
    advice = check_web(web_command(procfile, processes), findings)
    if advice is None:
        return
    at = f"{advice.endpoint.port} ({advice.endpoint.source})" if advice.endpoint.port else advice.endpoint.source
    details = (
        (f"Requests arrive on $PORT. Put this line into the {PROCFILE}:", f"  {advice.line}")
        if advice.line
        else ('Requests arrive on $PORT. Listen on ":" + os.Getenv("PORT") there.',)
    )
    context.output.warning(f"The web process '{advice.program}' does not listen on $PORT, but on {at}", *details)


def describe(name: str, found: ProgramFindings) -> str:
    """Say what a program listens on, in one line."""
    parts = [_endpoint(one) for one in found.endpoints]
    if found.metrics:
        parts.append(f"metrics at {found.metrics.path} of {found.metrics.endpoint}")
    if found.tracing:
        parts.append(f"tracing with {' and '.join(found.tracing)}")
    return f"{name}: {'; '.join(parts) or 'nothing in its source says that it listens'}"


def _endpoint(one: Endpoint) -> str:
    port = str(one.port) if one.port is not None else f"${one.env}" if one.env else "off by default"
    if one.env and one.port is not None:
        port = f"${one.env}, else {port}"
    how = f"-{one.flag}, " if one.flag else ""
    return f"{one.name} on {port} ({how}{one.source})"
