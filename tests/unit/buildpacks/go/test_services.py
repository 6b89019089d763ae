"""What is found in Go source about where a program listens; each source is one that people write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.go.services.endpoints import Endpoint, Metrics, ProgramFindings, listening, to_label
from buildpacks.go.services.find import find_program
from buildpacks.go.services.packages import Package
from buildpacks.go.services.tokens import Kind, tokenize
from buildpacks.go.services.values import Value, evaluate

MODULE = "example.com/shop"


def _find(tmp_path: Path, source: str, **files: str) -> ProgramFindings:
    """Read a program whose main file has this body, with more files of the app by path."""
    (tmp_path / "main.go").write_text(f"package main\n{source}")
    for name, text in files.items():
        path = tmp_path / name.replace("__", "/").replace("_go", ".go")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return find_program(tmp_path, tmp_path, MODULE)


def _found(tmp_path: Path, source: str, **files: str) -> list[tuple[str, int | None, str, str]]:
    return [(one.name, one.port, one.flag, one.env) for one in _find(tmp_path, source, **files).endpoints]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('var addr = flag.String("http.addr", ":8080", "listen")', [("http", 8080, "http.addr", "")]),
        ('x := fs.String("grpc-addr", ":8082", "")', [("grpc", 8082, "grpc-addr", "")]),
        ('func f() { flag.StringVar(&c.a, "debug.addr", ":6060", "") }', [("debug", 6060, "debug.addr", "")]),
        ('x := flag.Int("port", 9000, "")', [("http", 9000, "port", "")]),
        ('x := pflag.StringP("listen", "l", "0.0.0.0:8000", "")', [("http", 8000, "listen", "")]),
        (
            'func f() { cmd.Flags().StringVarP(&a, "bind-address", "b", ":7000", "") }',
            [("http", 7000, "bind-address", "")],
        ),
        ('x := flag.String("httpAddr", ":8000", "")', [("http", 8000, "httpAddr", "")]),
        ('x := flag.String("web.listen-address", ":9100", "")', [("http", 9100, "web.listen-address", "")]),
        (
            'x := kingpin.Flag("metrics.addr", "help").Default(":9101").Envar("M").String()',
            [("metrics", 9101, "metrics.addr", "M")],
        ),
        ('x := flag.String("debug.addr", "", "off")', [("debug", None, "debug.addr", "")]),
        (
            'x := flag.String("catalog", ":7777", "an address without a host is one to listen on")',
            [("http", 7777, "catalog", "")],
        ),
        ('const p = "8080"\nvar x = flag.String("http.addr", ":"+p, "")', [("http", 8080, "http.addr", "")]),
        ('var x = flag.String("http.addr", fmt.Sprintf(":%d", 8081), "")', [("http", 8081, "http.addr", "")]),
        ('var x = flag.String("addr", ":"+envOr("PORT", "5000"), "")', [("http", 5000, "addr", "PORT")]),
        ('var x = flag.String("addr", net.JoinHostPort("", "5001"), "")', [("http", 5001, "addr", "")]),
    ],
)
def test_flags(tmp_path: Path, source: str, expected: list[tuple[str, int | None, str, str]]) -> None:
    """Flags that say where to listen, of every package that people use for flags."""
    assert expected == _found(tmp_path, source)


@pytest.mark.parametrize(
    "source",
    [
        'x := flag.String("consul.addr", "localhost:8500", "")',
        'x := flag.String("zipkin-url", "http://zipkin:9411/api", "")',
        'x := flag.String("nats.addr", "", "")',
        'x := flag.String("grpc.addr", "other-host:8082", "")',
        'x := flag.Duration("http.timeout", 5, "")',
        'x := flag.Int("workers", 8, "")',
        'x := flag.String("redis.port", "6379", "")',
        'func f() { logger.Info("up", slog.String("addr", ":8080")) }',
        '// flag.String("http.addr", ":8080", "")',
        'var doc = `flag.String("http.addr", ":8080", "")`',
        'x := flag.String("http.addr", unknown(), "")',
        'func f() { net.Dial("tcp", ":8080") }',
        'func f() { net.Listen("unix", "/tmp/sock") }',
        'x := flag.String("http.addr", ":99999", "")',
    ],
)
def test_what_is_no_endpoint(tmp_path: Path, source: str) -> None:
    """Addresses of others, comments, strings and what cannot be known are not taken for ports."""
    ports = [one.port for one in _find(tmp_path, source).endpoints if one.port is not None]

    assert [] == ports


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('func f() { http.ListenAndServe(":8080", nil) }', [("http", 8080, "", "")]),
        ('func f() { http.ListenAndServe(":"+os.Getenv("PORT"), nil) }', [("http", None, "", "PORT")]),
        (
            'func f() { p := os.Getenv("PORT")\nif p == "" { p = "8080" }\nhttp.ListenAndServe(":"+p, nil) }',
            [("http", 8080, "", "PORT")],
        ),
        ('func f() { s := &http.Server{Handler: h, Addr: ":8081"} }', [("http", 8081, "", "")]),
        ('func f() { l, _ := net.Listen("tcp", ":8082"); s := grpc.NewServer() }', [("http", 8082, "", "")]),
        ('func f() { http.ListenAndServe(":8080", nil); net.Listen("tcp", ":8080") }', [("http", 8080, "", "")]),
        ('var a = flag.String("addr", ":1", "")\nfunc f() { http.ListenAndServe(*a, nil) }', [("http", 1, "addr", "")]),
    ],
)
def test_listening_calls(tmp_path: Path, source: str, expected: list[tuple[str, int | None, str, str]]) -> None:
    """Calls that listen, with addresses that are written there, built, or read from the environment."""
    assert expected == _found(tmp_path, source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('import "github.com/gin-gonic/gin"\nfunc f() { r := gin.Default(); r.Run() }', [("http", 8080, "", "PORT")]),
        ('import "github.com/gin-gonic/gin"\nfunc f() { r.Run(":9000") }', [("http", 9000, "", "")]),
        (
            'import "github.com/labstack/echo/v4"\nfunc f() { e.Logger.Fatal(e.Start(":1323")) }',
            [("http", 1323, "", "")],
        ),
        ('import "github.com/gofiber/fiber/v2"\nfunc f() { app.Listen(":3000") }', [("http", 3000, "", "")]),
        ('func f() { r.Run(":9000"); e.Start(":1"); app.Listen(":2") }', []),
    ],
)
def test_frameworks(tmp_path: Path, source: str, expected: list[tuple[str, int | None, str, str]]) -> None:
    """Engines listen by methods of their own; a method of that name without the framework says nothing."""
    assert expected == _found(tmp_path, source)


def test_grpc_server_without_a_name(tmp_path: Path) -> None:
    """In a program that serves gRPC and nothing else, an address is gRPC's."""
    source = 'import "google.golang.org/grpc"\nvar a = flag.String("addr", ":9", "")\nfunc f() { grpc.NewServer() }'

    assert [("grpc", 9, "addr", "")] == _found(tmp_path, source)


def test_loopback(tmp_path: Path) -> None:
    """An address on localhost is remembered as one that nobody outside reaches."""
    found = _find(tmp_path, 'var a = flag.String("debug.addr", "localhost:6060", "")').endpoints

    assert [(6060, True)] == [(one.port, one.loopback) for one in found]


def test_packages_of_the_app_count(tmp_path: Path) -> None:
    """What a program imports of the app is read, too; other programs, tests and files for other systems are not."""
    found = _found(
        tmp_path,
        'import (\n\t"example.com/shop/server"\n)',
        server__server_go='package server\nfunc Run() { http.ListenAndServe(":8001", nil) }',
        server__server_test_go="package server",
        other__main_go='package main\nfunc f() { http.ListenAndServe(":8003", nil) }',
        server__server_windows_go='package server\nfunc Run() { http.ListenAndServe(":8004", nil) }',
    )

    assert [("http", 8001, "", "")] == found


def test_packages_that_import_each_other(tmp_path: Path) -> None:
    """A cycle of imports, which Go refuses, does not keep the search going."""
    found = _find(
        tmp_path,
        'import "example.com/shop/a"',
        a__a_go='package a\nimport "example.com/shop/b"',
        b__b_go='package b\nimport "example.com/shop/a"',
    )

    assert () == found.endpoints


def test_metrics_tracing_and_transports(tmp_path: Path) -> None:
    """The path of a Prometheus handler, tracing libraries and Go kit's transports are found."""
    found = _find(
        tmp_path,
        """
import (
	"github.com/prometheus/client_golang/prometheus/promhttp"
	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/go-kit/kit/transport/grpc"
	"go.opentelemetry.io/otel/sdk/trace"
	"github.com/opentracing/opentracing-go"
)
var (
	http  = flag.String("http.addr", ":8080", "")
	debug = flag.String("debug.addr", ":8081", "")
)
func f() { mux.Handle("GET /internal/metrics", promhttp.Handler()) }
""",
    )

    assert Metrics(endpoint="debug", path="/internal/metrics") == found.metrics
    assert ("opentelemetry", "opentracing") == found.tracing
    assert ("grpc", "http") == found.transports


def test_names_are_told_apart(tmp_path: Path) -> None:
    """Two endpoints of a kind get numbers."""
    source = 'var a = flag.String("api.addr", ":1", "")\nvar b = flag.String("web.addr", ":2", "")'

    assert ["http", "http-2"] == [one.name for one in _find(tmp_path, source).endpoints]


def test_sources_have_file_and_line(tmp_path: Path) -> None:
    """Each finding says where it stands."""
    assert ["main.go:3"] == [one.source for one in _find(tmp_path, '\nvar a = flag.String("addr", ":1", "")').endpoints]


def test_label() -> None:
    """The label has a version, programs by name, and only the keys that say something."""
    findings = ProgramFindings(
        endpoints=(
            Endpoint(name="http", port=8080, flag="http.addr", source="main.go:3"),
            Endpoint(name="grpc", env="GRPC_PORT", source="main.go:4", loopback=True),
        ),
        metrics=Metrics(endpoint="http", path="/metrics"),
        tracing=("zipkin",),
    )

    assert (
        '{"version":1,"programs":{"a":{"endpoints":['
        '{"name":"http","protocol":"http","source":"main.go:3","port":8080,"flag":"http.addr","takes":"address"},'
        '{"name":"grpc","protocol":"grpc","source":"main.go:4","env":"GRPC_PORT","loopback":true}],'
        '"metrics":{"endpoint":"http","path":"/metrics"},"tracing":["zipkin"]},"b":{"endpoints":[]}}}'
    ) == to_label({"b": ProgramFindings(), "a": findings})


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ('a := "b\\"c" // "d"', ["a", ":=", 'b"c']),
        ('`raw " //` /* " */ x', ['raw " //', "x"]),
        ("'\"' y", ["'\"'", "y"]),
        ('"open\nz', ["open", "z"]),
        ("1_000 0x1F", ["1000", "0x1F"]),
    ],
)
def test_tokens(source: str, texts: list[str]) -> None:
    """Strings, runes and comments end where Go ends them."""
    assert texts == [token.text for token in tokenize(source)]


def test_lines_of_tokens() -> None:
    """Lines are counted through comments and raw strings."""
    assert [1, 4, 5] == [token.line for token in tokenize("a /* \n\n */ \n`x\n` b")]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('"a" + "b"', Value(text="ab")),
        ('(":" + os.Getenv("PORT"))', Value(text=":", env="PORT")),
        ("loop", Value()),
        ("strconv.Itoa(80)", Value(text="80")),
        ('fmt.Sprintf("%s:%d", host, 80)', Value()),
        ('getenv("lower", "x")', Value()),
        ("*flagged", Value(text=":1", flag="addr")),
        ("f(g(h(", Value()),
    ],
)
def test_values(expression: str, value: Value) -> None:
    """Expressions come to what the source says, and to nothing where it does not say it."""
    package = Package(values={"loop": [tokenize("loop")], "flagged": [tokenize('flag.String("addr", ":1", "")')]})

    assert value == evaluate(tokenize(expression), package)


@pytest.mark.parametrize(
    ("name", "default", "expected"),
    [
        ("listen", ":80", ("http", 80, False)),
        ("grpc_port", "90", ("grpc", 90, False)),
        ("db.port", "5432", None),
        ("host", "0.0.0.0", None),  # noqa: S104 - text
        ("thrift-addr", ":8083", ("thrift", 8083, False)),
        ("http.addr", "[::]:80", ("http", 80, False)),
        ("http.addr", "[::1]:80", ("http", 80, True)),
    ],
)
def test_names_of_flags(name: str, default: str, expected: tuple[str, int, bool] | None) -> None:
    """A flag is an endpoint by its name and its default together."""
    assert expected == listening(name, default, is_port=default.isdigit(), default_purpose="http")


@given(st.text(alphabet=st.sampled_from("ab:=.,()[]{}\"'`/*\\\n \t+0"), max_size=80))
def test_any_text_is_read(text: str) -> None:
    """Whatever stands in a Go file, reading it ends, and every token is on a line of it."""
    tokens = tokenize(text)
    package = Package(files={"x.go": tokens})

    assert all(1 <= token.line <= text.count("\n") + 1 for token in tokens)
    assert all(call.end <= len(tokens) for call in package.calls())
    assert all(token.kind in Kind for token in tokens)
    evaluate(tokens, package)
