"""Finding where a program listens, its metrics, its tracing, and Go kit's transports. It reads source and runs nothing.

Looked at are the program's own package and those of the app that it is made of. What cannot be read with certainty is
left out: a wrong port would be worse than none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from buildpacks.go.services.endpoints import Endpoint, Metrics, ProgramFindings, address, listening
from buildpacks.go.services.packages import Call, Package, imports_of, reachable
from buildpacks.go.services.tokens import Kind, Tokens, arguments, is_name, is_sign
from buildpacks.go.services.values import FLAG_METHODS, Value, evaluate

GO_KIT = ("github.com/go-kit/kit", "github.com/go-kit/log")
_TRANSPORT = "github.com/go-kit/kit/transport/"
_TRACING = {
    "go.opentelemetry.io/otel": "opentelemetry",
    "github.com/openzipkin/zipkin-go": "zipkin",
    "github.com/opentracing/opentracing-go": "opentracing",
    "github.com/uber/jaeger-client-go": "jaeger",
    "go.opencensus.io": "opencensus",
}
# Frameworks whose engine listens by a method of its own: module → method.
_FRAMEWORKS = {
    "github.com/gin-gonic/gin": "Run",
    "github.com/labstack/echo": "Start",
    "github.com/gofiber/fiber": "Listen",
    "github.com/kataras/iris": "Listen",
}
_GIN = "github.com/gin-gonic/gin"
_GRPC = "google.golang.org/grpc"
_PROMETHEUS = "promhttp."
_ROUTES = frozenset({"GET", "Get", "Handle", "HandleFunc", "Handler"})
_LISTENING_CALLS = frozenset({"http.ListenAndServe", "http.ListenAndServeTLS"})
_NETWORKS = frozenset({"tcp", "tcp4", "tcp6"})


def find_program(directory: Path, app_dir: Path, module: str) -> ProgramFindings:
    """Read a program's source.

    Args:
        directory: of its main package, inside of the app.
        app_dir: the app.
        module: the module's path, as imports begin with it.
    """
    packages = reachable(directory, app_dir, module)
    imports = imports_of(packages)
    purpose = _main_purpose(packages, imports)
    found = [one for package in packages.values() for one in _endpoints(package, imports, purpose)]
    endpoints = _named_apart(_without_repetitions(found))
    return ProgramFindings(
        endpoints=endpoints,
        metrics=_metrics(packages, endpoints),
        tracing=tuple(sorted({name for path, name in _TRACING.items() if _imports(imports, path)})),
        transports=tuple(
            sorted(one.removeprefix(_TRANSPORT).partition("/")[0] for one in imports if one.startswith(_TRANSPORT))
        ),
    )


def _main_purpose(packages: Mapping[str, Package], imports: frozenset[str]) -> str:
    """Tell what an address without a name of its own is for: gRPC in a program that serves nothing else, else HTTP."""
    calls = {call.callee for package in packages.values() for call in package.calls()}
    serves_http = bool(calls & (_LISTENING_CALLS | {"http.Serve"})) or any(
        one.endswith(".ListenAndServe") for one in calls
    )
    return "grpc" if "grpc.NewServer" in calls and _imports(imports, _GRPC) and not serves_http else "http"


def _endpoints(package: Package, imports: frozenset[str], purpose: str) -> Iterator[Endpoint]:
    for call in package.calls():
        found = _flag(call, package, purpose) or _kingpin_flag(call, package, purpose)
        if found is None:
            found = _listening_call(call, package, imports, purpose)
        if found is not None:
            yield found
    yield from _server_literals(package)


def _flag(call: Call, package: Package, purpose: str) -> Endpoint | None:
    """Read ``flag.String("http.addr", ":8080", "…")`` and its kin."""
    shape = FLAG_METHODS.get(call.name)
    if shape is None or len(call.arguments) != shape[0] or "." not in call.callee:
        return None
    name = evaluate(call.arguments[shape[1]], package).text
    return _flag_endpoint(name or "", evaluate(call.arguments[shape[2]], package), call, purpose)


def _kingpin_flag(call: Call, package: Package, purpose: str) -> Endpoint | None:
    """Read ``kingpin.Flag("web.listen-address", "…").Default(":9100").Envar("ADDR").String()``."""
    if call.name != "Flag" or not call.arguments:
        return None
    default = Value()
    at = call.end + 1
    while is_sign(call.tokens, at, ".") and is_name(call.tokens, at + 1) and is_sign(call.tokens, at + 2, "("):
        given, end = arguments(call.tokens, at + 2)
        value = evaluate(given[0], package).text if given else None
        if call.tokens[at + 1].text == "Default":
            default = replace(default, text=value)
        elif call.tokens[at + 1].text == "Envar":
            default = replace(default, env=value or "")
        at = end + 1
    return _flag_endpoint(evaluate(call.arguments[0], package).text or "", default, call, purpose)


def _flag_endpoint(name: str, default: Value, call: Call, purpose: str) -> Endpoint | None:
    is_number = call.name.startswith(("Int", "Uint"))
    is_port = is_number or (default.text or "").isdigit() or name.lower().endswith("port")
    found = listening(name, default.text, is_port=is_port, default_purpose=purpose) if name else None
    if found is None:
        return None
    return Endpoint(
        name=found[0],
        port=found[1],
        loopback=found[2],
        flag=name,
        takes="port" if is_port else "address",
        env=default.env,
        source=f"{call.file}:{call.line}",
    )


def _listening_call(call: Call, package: Package, imports: frozenset[str], purpose: str) -> Endpoint | None:
    """Read ``http.ListenAndServe(":8080", …)``, ``net.Listen("tcp", …)``, and the methods of frameworks."""
    if call.callee in _LISTENING_CALLS and call.arguments:
        return _bound(evaluate(call.arguments[0], package), call, "http")
    if call.callee == "net.Listen" and len(call.arguments) > 1:
        if evaluate(call.arguments[0], package).text in _NETWORKS:
            return _bound(evaluate(call.arguments[1], package), call, purpose)
        return None
    for module, method in _FRAMEWORKS.items():
        if call.name == method and call.callee != method and _imports(imports, module):
            if not call.arguments and module == _GIN:  # gin reads PORT by itself
                return _bound(Value(text=":8080", env="PORT"), call, "http")
            return _bound(evaluate(call.arguments[0], package), call, "http") if len(call.arguments) == 1 else None
    return None


def _server_literals(package: Package) -> Iterator[Endpoint]:
    """Read the address in ``http.Server{Addr: ":8080"}``."""
    for file, tokens in sorted(package.files.items()):
        for at in range(len(tokens)):
            if is_name(tokens, at, "http") and is_name(tokens, at + 2, "Server") and is_sign(tokens, at + 3, "{"):
                for field in arguments(tokens, at + 3)[0]:
                    if is_name(field, 0, "Addr") and is_sign(field, 1, ":"):
                        found = _bound_at(evaluate(field[2:], package), f"{file}:{field[0].line}", "http")
                        if found is not None:
                            yield found


def _bound(value: Value, call: Call, name: str) -> Endpoint | None:
    return _bound_at(value, f"{call.file}:{call.line}", name)


def _bound_at(value: Value, source: str, name: str) -> Endpoint | None:
    """Give the endpoint of an address that is passed to a listener; one that a flag holds is the flag's."""
    if value.flag:
        return None
    port, loopback = address(value.text)
    if port is None and not value.env:
        return None
    return Endpoint(name=name, port=port, env=value.env, loopback=loopback, source=source)


def _without_repetitions(found: list[Endpoint]) -> list[Endpoint]:
    """Leave out an endpoint that was found before by another form, such as a call beside its flag."""
    kept: list[Endpoint] = []
    for one in found:
        is_known = any(
            (one.port is not None and one.port == other.port) or (one.env and one.env == other.env) for other in kept
        )
        if not is_known or (one.flag and one.flag not in {other.flag for other in kept}):
            kept.append(one)
    return kept


def _named_apart(found: list[Endpoint]) -> tuple[Endpoint, ...]:
    """Number names that several endpoints share."""
    named: list[Endpoint] = []
    seen: dict[str, int] = {}
    for one in found:
        seen[one.name] = seen.get(one.name, 0) + 1
        named.append(one if seen[one.name] == 1 else replace(one, name=f"{one.name}-{seen[one.name]}"))
    return tuple(named)


def _metrics(packages: Mapping[str, Package], endpoints: tuple[Endpoint, ...]) -> Metrics | None:
    """Find the path a Prometheus handler is put on, and the endpoint that most likely serves it."""
    names = [one.name for one in endpoints]
    endpoint = next((name for name in ("metrics", "debug", "admin", "http") if name in names), None)
    if endpoint is None:
        return None
    for package in packages.values():
        for call in package.calls():
            if call.name in _ROUTES and len(call.arguments) > 1 and any(map(_is_prometheus, call.arguments[1:])):
                path = evaluate(call.arguments[0], package).text or ""
                path = path.rpartition(" ")[2]  # "GET /metrics", a pattern with its method
                if path.startswith("/"):
                    return Metrics(endpoint=endpoint, path=path)
    return None


def _is_prometheus(tokens: Tokens) -> bool:
    text = "".join(one.text for one in tokens if one.kind in {Kind.NAME, Kind.SIGN})
    return _PROMETHEUS in text


def _imports(imports: frozenset[str], module: str) -> bool:
    return any(one == module or one.startswith(f"{module}/") for one in imports)
