"""Writing what a build leaves: layers with their environment, launch.toml, build.toml, store.toml and SBOMs.

Files that hold the right bytes already are left alone, so that an unchanged layer stays untouched on disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from buildpacks.sdk.files import write_if_changed
from lifecycle_py.spec.build_toml import Build
from lifecycle_py.spec.launch_toml import Launch
from lifecycle_py.spec.store_toml import Store
from lifecycle_py.spec.toml_file import write_toml

if TYPE_CHECKING:
    from buildpacks.sdk.buildpack import BuildResult
    from buildpacks.sdk.layers import Layer

# Directories of a layer that the SDK owns: what the build at hand did not declare is removed from them.
_OWNED = ("env", "env.build", "env.launch", "exec.d", "profile.d")
_PROGRAM, _PLAIN = 0o755, 0o644


def write_layer(layers_dir: Path, layer: Layer) -> None:
    """Write a layer's environment, scripts, SBOMs and, last, its description."""
    files = {
        f"{directory}/{name}": (data, _PLAIN)
        for directory, contents in layer.env.files().items()
        for name, data in contents.items()
    }
    for name, data in layer.scripts.items():
        files[name] = (data, _PROGRAM if name.startswith("exec.d/") else _PLAIN)
    if layer.path.is_dir():
        _remove_undeclared(layer.path, set(files))
        for name, (data, mode) in sorted(files.items()):
            write_if_changed(layer.path / name, data, mode)
    for extension, data in layer.sboms.items():
        write_if_changed(layers_dir / f"{layer.name}.sbom.{extension}", data)
    write_toml(layers_dir / f"{layer.name}.toml", layer.metadata().to_toml())


def write_result(layers_dir: Path, result: BuildResult) -> None:
    """Write the documents of a build; those with nothing to say are not written."""
    launch = Launch(processes=result.processes, labels=result.labels, slices=result.slices)
    if launch.to_toml():
        write_toml(layers_dir / "launch.toml", launch.to_toml())
    if result.unmet:
        write_toml(layers_dir / "build.toml", Build(unmet=result.unmet).to_toml())
    if result.store is not None:
        write_toml(layers_dir / "store.toml", Store(metadata=result.store).to_toml())
    for phase, sboms in (("launch", result.launch_sboms), ("build", result.build_sboms)):
        for extension, data in sboms.items():
            write_if_changed(layers_dir / f"{phase}.sbom.{extension}", data)


def _remove_undeclared(layer_path: Path, declared: set[str]) -> None:
    for owned in _OWNED:
        for file in sorted((layer_path / owned).rglob("*"), reverse=True):
            if file.is_dir() and not file.is_symlink():
                if not any(file.iterdir()):
                    file.rmdir()
            elif file.relative_to(layer_path).as_posix() not in declared:
                file.unlink()
        if (layer_path / owned).is_dir() and not any((layer_path / owned).iterdir()):
            (layer_path / owned).rmdir()
