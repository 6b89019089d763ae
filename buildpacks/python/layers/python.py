"""The layer with Python: a copy of the stack's own, or one that uv installs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from buildpacks.python.bytecode import compile_tree
from buildpacks.python.environments import tool_environment
from buildpacks.python.layers.tools import keep_tool
from buildpacks.python.managed_python import choose_managed_version, install_managed_python
from buildpacks.python.python_version import VersionRequest
from buildpacks.python.stack_python import (
    StackPython,
    copy_stack_python,
    extension_modules,
    parse_ldd,
)
from buildpacks.sdk import (
    CYCLONEDX,
    BuildContext,
    Component,
    Layer,
    LayerTypes,
    Version,
    changed,
    cyclonedx,
    shown,
)

_TYPES = LayerTypes(build=True, cache=True, launch=True)
_LAYOUT = 1  # raise it when the same Python would be laid out differently


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonKey:
    """What the layer's contents depend on."""

    version: str = shown("Python version")
    provider: str = shown("provider of Python")
    build: str = changed("the build of the stack's Python")
    target: str = shown("target")
    layout: int = shown("layout of the layer")


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledPython:
    """The app's Python; ``target`` is the platform it was made for, as the keys of layers name it."""

    layer: Layer
    version: Version
    target: str
    is_managed: bool

    @property
    def line(self) -> str:
        """Give the release line, such as ``3.13``."""
        return ".".join(map(str, self.version.numbers[:2]))

    @property
    def executable(self) -> Path:
        """Give the interpreter's real place, which virtual environments have to know."""
        return (self.layer.path / "bin" / "python3").resolve()


def install_python(context: BuildContext, request: VersionRequest, stack: StackPython) -> InstalledPython:
    """Install the Python the app asks for, or find it in the cache. ``stack`` is used where it satisfies the app."""
    from_stack = request.accepts(stack.version)
    version = stack.version if from_stack else choose_managed_version(context, request)
    provider = "the stack" if from_stack else "uv"
    context.output.step(f"Using Python {version} from {provider} ({request.origin})")

    key = PythonKey(
        version=str(version),
        provider=provider,
        build=stack.build if from_stack else "",
        target=context.target_name,
        layout=_LAYOUT,
    )
    layer = context.layer("python", key, types=_TYPES)
    context.output.state(f"Python {version}", layer.state)
    if not layer.is_restored:
        with context.output.timed(f"Installing Python {version}"):
            if from_stack:
                _install_from_stack(context, stack, layer.path)
            else:
                install_managed_python(context, version, layer.path)
            compile_tree(context, layer.path / "bin" / "python3", layer.path)
    elif not from_stack:
        keep_tool(context, "uv")
    layer.sboms[CYCLONEDX] = _sbom(version)
    return InstalledPython(layer=layer, version=version, target=key.target, is_managed=not from_stack)


def _install_from_stack(context: BuildContext, stack: StackPython, to: Path) -> None:
    modules = extension_modules(stack)
    needed = parse_ldd(
        context.run("ldd", *modules, env=tool_environment(context), show=False) if modules else (), modules
    )
    left_out = copy_stack_python(stack, to, needed)
    if left_out:
        context.output.detail(f"Left out, as the run image has no library for them: {', '.join(left_out)}")


def _sbom(version: Version) -> bytes:
    purl = f"pkg:generic/python@{version}"
    return cyclonedx([Component(name="python", version=str(version), purl=purl, kind="application")])
