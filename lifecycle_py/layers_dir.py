"""The layers directory on disk: what a buildpack left there, read once and checked.

Spec: buildpack.md "Layers", "Layer Types" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lifecycle_py.environment import LayerEnvironment
from lifecycle_py.errors import UnsafeLinkError
from lifecycle_py.session import Place
from lifecycle_py.spec.env_delta import EnvAction, EnvDelta
from lifecycle_py.spec.identifiers import LayerName, parse_layer_name
from lifecycle_py.spec.layer_toml import LayerMetadata, LayerTypes
from lifecycle_py.spec.toml_file import Table, read_toml, read_toml_if_present

_DOCUMENTS = frozenset({"build", "launch", "store"})
_ROOTS = ("bin", "lib", "include", "pkgconfig")


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalLayer:
    """A layer as a buildpack left it. ``has_contents`` is False when only its metadata file exists."""

    name: LayerName
    place: Place
    types: LayerTypes
    metadata: LayerMetadata = field(default_factory=LayerMetadata)
    has_contents: bool = True


def read_layers(directory: Place) -> tuple[LocalLayer, ...]:
    """Read every layer of one buildpack that has a metadata file, sorted by name.

    Raises:
        TomlSyntaxError, TomlValueError: a metadata file is broken.
        UnsafeLinkError: a metadata file leads out of the directory, or the directory is a link itself.
    """
    _refuse_link(directory)
    if not directory.host.is_dir():
        return ()
    names = sorted(
        file.name.removesuffix(".toml")
        for file in directory.host.glob("*.toml")
        if file.name.removesuffix(".toml") not in _DOCUMENTS
    )
    return tuple(_read_layer(directory, parse_layer_name(name)) for name in names)


def _read_layer(directory: Place, name: LayerName) -> LocalLayer:
    metadata = LayerMetadata.from_toml(read_toml((directory / f"{name}.toml").checked(directory)))
    place = directory / name
    return LocalLayer(
        name=name,
        place=place,
        types=metadata.types or LayerTypes(),
        metadata=metadata,
        has_contents=_is_real_directory(place.host),
    )


def set_aside_unused(directory: Place) -> tuple[LocalLayer, ...]:
    """Read the layers after a build, moving those without any type to ``<layer>.ignore`` as the reference does."""
    kept = []
    for layer in read_layers(directory):
        if layer.types != LayerTypes():
            kept.append(layer)
        elif layer.has_contents:
            layer.place.host.rename(layer.place.host.with_name(f"{layer.name}.ignore"))
    return tuple(kept)


def read_document(directory: Place, name: str) -> Table:
    """Read ``launch.toml``, ``build.toml`` or ``store.toml`` of a buildpack; absent reads as empty."""
    _refuse_link(directory)
    return read_toml_if_present((directory / name).checked(directory))


def layer_environment(layer: LocalLayer) -> LayerEnvironment:
    """Read what a build layer does to the environment of later buildpacks."""
    return LayerEnvironment(
        path=layer.place.inside,
        roots=frozenset(root for root in _ROOTS if _is_real_directory(layer.place.host / root)),
        deltas=(read_env_directory(layer.place / "env"), read_env_directory(layer.place / "env.build")),
    )


def read_env_directory(directory: Place, default_action: EnvAction = EnvAction.OVERRIDE) -> EnvDelta:
    """Read an ``env`` directory; absent is no change. Directories in it are skipped."""
    return EnvDelta.from_files(read_plain_files(directory), default_action)


def read_plain_files(directory: Place) -> dict[str, bytes]:
    """Read the files of a directory: name → contents; absent is empty.

    Raises:
        UnsafeLinkError: a file is a link that leads out of the directory's parent.
    """
    if not _is_real_directory(directory.host):
        return {}
    around = Place(directory.host.parent, directory.inside.parent)
    files = sorted(file for file in directory.host.iterdir() if file.is_file() or file.is_symlink())
    return {
        file.name: checked.read_bytes()
        for file in files
        if (checked := (directory / file.name).checked(around)).is_file()
    }


def _refuse_link(directory: Place) -> None:
    # An earlier buildpack can put a link in the place of a later one's directory.
    if directory.host.is_symlink():
        raise UnsafeLinkError(path=str(directory.inside), root=str(directory.inside.parent))


def _is_real_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
