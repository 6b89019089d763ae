"""The import law: three packages, one direction (architecture §2). The imports are walked, whatever runs them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("lifecycle_py", "builder", "buildpacks")
TOML_MODULE = "lifecycle_py.spec.toml_file"

Imports = Mapping[str, tuple[str, ...]]


def module_name(file: Path) -> str:
    """Give the module of a file of the project."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read_imports(source: str, modules: frozenset[str] = frozenset()) -> Iterator[str]:
    """Give the modules a source imports, also inside of functions; a relative import begins with a dot."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield "." * node.level + (node.module or "")
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in modules else node.module


def _files() -> dict[str, Path]:
    found = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return {module_name(file): file for file in sorted(found)}


FILES = _files()
IMPORTS: Imports = {
    name: tuple(dict.fromkeys(read_imports(file.read_text(), frozenset(FILES)))) for name, file in FILES.items()
}


def is_in(module: str, package: str) -> bool:
    """Tell whether a module is a package or inside of it."""
    return module == package or module.startswith(f"{package}.")


def chains(imports: Imports, package: str, forbidden: tuple[str, ...]) -> list[str]:
    """Give, for each module of ``package``, the shortest way to something forbidden, as ``a → b → c``."""
    return [" → ".join(way) for start in imports if is_in(start, package) and (way := _way(imports, start, forbidden))]


def _way(imports: Imports, start: str, forbidden: tuple[str, ...]) -> tuple[str, ...]:
    ways: dict[str, tuple[str, ...]] = {start: (start,)}
    waiting = [start]
    while waiting:
        module = waiting.pop(0)
        for imported in imports.get(module, ()):
            if any(is_in(imported, one) for one in forbidden):
                return (*ways[module], imported)
            if imported not in ways:
                ways[imported] = (*ways[module], imported)
                waiting.append(imported)
    return ()


def test_chains_shows_the_way_to_what_is_forbidden() -> None:
    """The failing text leads from the module to the import that breaks the law."""
    imports = {"a.x": ("a.y", "os"), "a.y": ("b.z",), "a.free": ("os",)}

    assert ["a.x → a.y → b.z", "a.y → b.z"] == chains(imports, "a", ("b",))


def test_read_imports_sees_every_form() -> None:
    """Plain, from, aliased, relative, and those inside of functions."""
    source = "import a.b as c\nfrom d import e, f\nfrom . import g\nfrom ..h import i\ndef j():\n    import k\n"

    assert ["a.b", "d.e", "d", ".", "..h", "k"] == list(read_imports(source, frozenset({"d.e"})))


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("lifecycle_py", ("builder", "buildpacks")),
        (
            "lifecycle_py.oci",
            tuple(
                name
                for name in IMPORTS
                if is_in(name, "lifecycle_py")
                and name != "lifecycle_py"
                and not any(is_in(name, f"lifecycle_py.{part}") for part in ("spec", "oci", "errors"))
            ),
        ),
        (
            "lifecycle_py.caches",
            tuple(
                name
                for name in IMPORTS
                if is_in(name, "lifecycle_py")
                and name != "lifecycle_py"
                and not any(is_in(name, f"lifecycle_py.{part}") for part in ("spec", "oci", "caches", "errors"))
            ),
        ),
        (
            "buildpacks.sdk",
            (
                "builder",
                *(
                    name
                    for name in IMPORTS
                    if name.startswith("lifecycle_py.") and not is_in(name, "lifecycle_py.spec")
                ),
            ),
        ),
    ],
    ids=["lifecycle_py", "lifecycle_py.oci", "lifecycle_py.caches", "buildpacks.sdk"],
)
def test_packages_import_in_one_direction(package: str, forbidden: tuple[str, ...]) -> None:
    """Spec ← oci ← caches ← phases; the SDK stands on the spec alone; nobody looks back up."""
    assert [] == chains(IMPORTS, package, forbidden)


def test_spec_imports_the_standard_library_only() -> None:
    """The spec's documents need nothing, but for the TOML writer in one file."""
    strangers = {
        f"{module} → {imported}"
        for module, imported_modules in IMPORTS.items()
        if is_in(module, "lifecycle_py.spec")
        for imported in imported_modules
        if not is_in(imported, "lifecycle_py.spec") and imported.split(".")[0] not in sys.stdlib_module_names
    }

    assert {f"{TOML_MODULE} → tomli_w"} == strangers


def test_only_one_module_reads_and_writes_toml() -> None:
    """Everything else goes through it."""
    users = {name for name, imported in IMPORTS.items() if {"tomllib", "tomli_w"} & set(imported)}

    assert {TOML_MODULE} == users


def test_buildpacks_import_the_sdk_only() -> None:
    """A buildpack imports ``buildpacks.sdk`` and itself, never a sibling, the builder or the lifecycle."""
    ours = (*PACKAGES,)
    offending = [
        f"{module} → {imported}"
        for module, imported_modules in IMPORTS.items()
        if module.count(".") >= 1 and is_in(module, "buildpacks") and not is_in(module, "buildpacks.sdk")
        for imported in imported_modules
        if imported.split(".")[0] in ours
        and not is_in(imported, ".".join(module.split(".")[:2]))
        and imported not in {"buildpacks", "buildpacks.sdk"}
    ]

    assert [] == offending


def test_the_builder_imports_no_buildpack() -> None:
    """The builder reads buildpacks as directories."""
    siblings = tuple(
        f"buildpacks.{path.name}" for path in (ROOT / "buildpacks").iterdir() if path.is_dir() and path.name != "sdk"
    )

    assert [] == chains(IMPORTS, "builder", siblings)


@pytest.mark.parametrize("cli", ["builder.cli", "lifecycle_py.cli"])
def test_nobody_imports_a_cli(cli: str) -> None:
    """A cli renders and exits; whoever needs more of it needs what it calls."""
    offending = [
        f"{module} → {imported}"
        for module, imported_modules in IMPORTS.items()
        if not is_in(module, cli)
        for imported in imported_modules
        if is_in(imported, cli)
    ]

    assert [] == offending


def test_imports_are_absolute() -> None:
    """A reader sees where a name comes from."""
    offending = [
        f"{module} → {imported}"
        for module, imported_modules in IMPORTS.items()
        for imported in imported_modules
        if imported.startswith(".")
    ]

    assert [] == offending


def test_modules_do_not_import_in_a_circle() -> None:
    """No module needs itself, not even through a function's import."""
    circles = [
        " → ".join(way) for module in IMPORTS if (way := _way({**IMPORTS}, module, (module,))) and way[-1] == module
    ]

    assert [] == circles
