"""The real ``go`` command's words for what is wrong with an app, and what the buildpack makes of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from buildpacks.go import errors
from buildpacks.go.build_failures import explain_failure
from tests.support.go_modules import fill_module_proxy

pytestmark = pytest.mark.end_to_end

UUID, WORDS = "github.com/google/uuid", "private.example.com/team/words"
WRONG = "h1:AAAA1111AAAA1111AAAA1111AAAA1111AAAA1111AAA="
MOD = "module shop\n\ngo 1.21\n"


def _main(*imports: str, code: str = "") -> str:
    return "package main\n" + code + "".join(f'import _ "{one}"\n' for one in imports) + "func main() {}\n"


def _fail(tmp_path: Path, files: Mapping[str, str], *flags: str, **env: str) -> list[str]:
    """Give the last words of a ``go install`` that fails."""
    go = subprocess.run(["tools/go-program"], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    for name, text in files.items():
        (tmp_path / "app" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "app" / name).write_text(text)
    settings = {
        "GOPROXY": "off", "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local", "GOSUMDB": "off", "GOENV": "off",
        "GOBIN": str(tmp_path / "bin"), "GOMODCACHE": str(tmp_path / "modules"), **env,
    }  # fmt: skip
    done = subprocess.run(
        [go.stdout.strip(), "install", *flags, "."], cwd=tmp_path / "app", env={**os.environ, **settings},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    return done.stdout.splitlines()[-20:]


@pytest.mark.parametrize(
    ("files", "flags", "error"),
    [
        ({"go.mod": MOD, "main.go": "package main\nfunc main() { x }\n"}, (), errors.GoBuildError),
        ({"go.mod": MOD, "main.go": _main(UUID)}, (), errors.ModulesIncompleteError),
        ({"go.mod": f"{MOD}require {UUID} v1.6.0\n", "main.go": _main(UUID)}, (), errors.ModulesIncompleteError),
        (
            {
                "go.mod": f"{MOD}require {UUID} v1.6.0\n",
                "main.go": _main(UUID),
                "vendor/modules.txt": f"# {UUID} v1.5.0\n## explicit\n",
            },
            ("-mod=vendor",),
            errors.VendorOutdatedError,
        ),
        (
            {
                "go.mod": f"{MOD}require {UUID} v1.6.0\n",
                "main.go": _main(UUID),
                "vendor/modules.txt": f"# {UUID} v1.6.0\n## explicit; go 1.19\n",
            },
            ("-mod=vendor",),
            errors.VendorOutdatedError,
        ),
        (
            {"go.mod": MOD, "main.go": _main("C", code="// #include <not-there.h>\n").replace("import _", "import")},
            (),
            errors.LibraryMissingError,
        ),
        (
            {
                "go.mod": MOD,
                "main.go": _main("C", code="// #cgo pkg-config: not-there\n").replace("import _", "import"),
            },
            (),
            errors.LibraryMissingError,
        ),
    ],
)
def test_go_s_own_words(
    tmp_path: Path, files: Mapping[str, str], flags: tuple[str, ...], error: type[errors.GoBuildError]
) -> None:
    """What this machine's Go says about an app is understood as what it is."""
    assert type(explain_failure(_fail(tmp_path, files, *flags), "1.27.3")) is error


def test_compiler_that_is_not_there(tmp_path: Path) -> None:
    """A C compiler that is named and missing is told to be missing."""
    files = {"go.mod": MOD, "main.go": _main("C").replace("import _", "import")}

    assert isinstance(explain_failure(_fail(tmp_path, files, CC="no-such-cc"), "1"), errors.CompilerMissingError)


def test_proxy_that_does_not_answer(tmp_path: Path) -> None:
    """A proxy nobody runs is the network's failure, not the app's."""
    files = _private(WRONG)

    assert isinstance(explain_failure(_fail(tmp_path, files, GOPROXY="http://127.0.0.1:9"), "1"), errors.GoNetworkError)


def test_module_with_another_sum(tmp_path: Path) -> None:
    """A module that is not the one in go.sum is refused by Go, and explained."""
    fill_module_proxy(tmp_path / "proxy")
    lines = _fail(tmp_path, _private(WRONG), GOPROXY=f"file://{tmp_path / 'proxy'}")

    assert isinstance(explain_failure(lines, "1"), errors.ModuleSumMismatchError)


def _private(digest: str) -> dict[str, str]:
    """Give an app of the private module, with a sum in its go.sum."""
    known = (Path(__file__).parents[2] / "fixtures" / "apps" / "go_private_module" / "go.sum").read_text()
    first, rest = known.split("\n", 1)
    return {
        "go.mod": f"{MOD}require {WORDS} v1.0.0\n",
        "go.sum": f"{first.rpartition(' ')[0]} {digest}\n{rest}",
        "main.go": _main(WORDS),
    }
