"""The layer with Pipenv: as on Heroku it stays in the image, since Procfiles say ``pipenv run …``.

So it runs with the app's own Python, which is the only one in the image; and its directory of programs stands behind
that of the dependencies on PATH, because its layer's name comes first in the alphabet.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from buildpacks.python.bytecode import compile_tree
from buildpacks.python.environments import tool_environment
from buildpacks.python.layers.python import InstalledPython
from buildpacks.python.layers.tools import install_pins, pinned_version, pins_of
from buildpacks.python.site_packages import installed_components
from buildpacks.sdk import (
    CYCLONEDX,
    BuildContext,
    LayerEnv,
    LayerTypes,
    Scope,
    changed,
    cyclonedx,
    read_bytes_if_present,
    sha256_of,
    shown,
)

PIPENV = "pipenv"
_TYPES = LayerTypes(cache=True, launch=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class PipenvKey:
    """What the layer's contents depend on."""

    version: str = shown("version of Pipenv")
    pins: str = changed("what Pipenv is installed from")
    python: str = shown("Python version")
    target: str = shown("target")


def install_pipenv(context: BuildContext, python: InstalledPython) -> Path:
    """Install Pipenv, or find it in the cache, and give its program.

    Raises:
        InstallToolError: the build image's pip failed; its words are kept.
    """
    key = PipenvKey(
        version=pinned_version(PIPENV),
        pins=sha256_of(read_bytes_if_present(pins_of(PIPENV)) or b""),
        python=str(python.version),
        target=python.target,
    )
    layer = context.find_layer(PIPENV) or context.layer(PIPENV, key, types=_TYPES)
    # Without it, 'pipenv run' says each time that it found a virtual environment.
    layer.env = LayerEnv().default("PIPENV_VERBOSITY", "-1", Scope.LAUNCH)
    interpreter = layer.path / "bin" / "python"
    site_packages = layer.path / "lib" / f"python{python.line}" / "site-packages"
    if not layer.is_restored and not interpreter.exists():
        with context.output.timed(f"Installing pipenv {key.version}"):
            context.run(python.executable, "-m", "venv", "--without-pip", layer.path, env=tool_environment(context))
            install_pins(context, PIPENV, "--python", interpreter, "--no-compile")
            compile_tree(context, interpreter, site_packages)
    layer.sboms[CYCLONEDX] = cyclonedx(installed_components(site_packages))
    return layer.path / "bin" / PIPENV
