"""What an extension generated, on disk: Dockerfiles, their contexts and arguments, found, checked and laid out.

Spec: image_extension.md "Generation", "Dockerfile Requirements"; platform.md "detector" outputs, "extender" inputs
(Platform API 0.10 to 0.12 and from 0.13 on have two layouts). Files were written by extensions, so no link of theirs
is followed out of their directory.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from lifecycle_py.dockerfile.instructions import Dockerfile, parse_dockerfile
from lifecycle_py.dockerfile.rules import DockerfileKind, Purpose, check_dockerfile
from lifecycle_py.errors import ExtensionOutputError
from lifecycle_py.session import Place
from lifecycle_py.spec.api_versions import ApiVersion, PlatformFeature, supports
from lifecycle_py.spec.errors import ExplainedError
from lifecycle_py.spec.extend_config_toml import ExtendArgument, ExtendConfig
from lifecycle_py.spec.group_toml import GroupElement
from lifecycle_py.spec.identifiers import directory_name
from lifecycle_py.spec.toml_file import read_toml_if_present

SHARED_CONTEXT = "context"
CONFIG = "extend-config.toml"
_IGNORED = ".ignore"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtensionDockerfile:
    """A Dockerfile to apply: who made it, what it says and is for, its context directory and its arguments."""

    extension: GroupElement
    dockerfile: Dockerfile
    purpose: Purpose
    text: str
    context: Place
    arguments: tuple[ExtendArgument, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputLayout:
    """Where generated files are. ``app`` is the context of a Dockerfile that has none of its own."""

    generated: Place
    app: Place
    platform_api: ApiVersion

    @property
    def by_extension(self) -> bool:
        """Tell whether each extension has a directory of its own, as from Platform API 0.13 on."""
        return supports(self.platform_api, PlatformFeature.GENERATED_BY_EXTENSION)

    def directory(self, extension: GroupElement, kind: DockerfileKind) -> Place:
        """Give the directory with the Dockerfile of this kind and its extend-config.toml."""
        name = directory_name(extension.id)
        return self.generated / name if self.by_extension else self.generated / kind / name

    def file_name(self, kind: DockerfileKind) -> str:
        """Give the Dockerfile's name there."""
        return f"{kind}.Dockerfile" if self.by_extension else "Dockerfile"


def find_dockerfiles(
    extensions: Sequence[GroupElement], kind: DockerfileKind, layout: OutputLayout
) -> tuple[ExtensionDockerfile, ...]:
    """Find the Dockerfiles of a kind, in the order of the group.

    Raises:
        ExtensionOutputError: an extension's output is not what the specification allows.
    """
    found = (_find(extension, kind, layout) for extension in extensions)
    return tuple(one for one in found if one is not None)


def ignore_dockerfile(extension: GroupElement, layout: OutputLayout) -> None:
    """Set a run.Dockerfile aside: a later one switches the image, so that it would have no effect."""
    file = layout.directory(extension, DockerfileKind.RUN).host / layout.file_name(DockerfileKind.RUN)
    file.rename(file.with_name(file.name + _IGNORED))


def lay_out(extension: GroupElement, output: Place, layout: OutputLayout) -> None:
    """Copy what an extension left into the layout of older platforms, which know no contexts."""
    for kind in DockerfileKind:
        source = output / f"{kind}.Dockerfile"
        if not source.host.is_file():
            continue
        target = layout.directory(extension, kind).host
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.checked(output), target / layout.file_name(kind))
        config = output / CONFIG
        if config.host.is_file():
            shutil.copyfile(config.checked(output), target / CONFIG)


def check_output(extension: GroupElement, output: Place) -> tuple[str, ...]:
    """Check everything an extension left; give warnings.

    Raises:
        ExtensionOutputError: something is not what the specification allows.
    """
    warnings: list[str] = []
    for kind in DockerfileKind:
        found = _read(extension, kind, output, f"{kind}.Dockerfile", output)
        warnings += found.purpose.warnings if found else ()
    specific = [f"{SHARED_CONTEXT}.{kind}" for kind in DockerfileKind]
    if (output / SHARED_CONTEXT).host.is_dir() and any((output / name).host.is_dir() for name in specific):
        problem = f"there is '{SHARED_CONTEXT}' together with '{specific[0]}' or '{specific[1]}'"
        raise ExtensionOutputError(extension=str(extension), problem=problem)
    return tuple(warnings)


def _find(extension: GroupElement, kind: DockerfileKind, layout: OutputLayout) -> ExtensionDockerfile | None:
    directory = layout.directory(extension, kind)
    context = layout.app
    if layout.by_extension:
        names = (f"{SHARED_CONTEXT}.{kind}", SHARED_CONTEXT)
        own = (directory / name for name in names if (directory / name).host.is_dir())
        context = next(own, context)
    return _read(extension, kind, directory, layout.file_name(kind), context)


def _read(
    extension: GroupElement, kind: DockerfileKind, directory: Place, name: str, context: Place
) -> ExtensionDockerfile | None:
    try:
        config = ExtendConfig.from_toml(read_toml_if_present((directory / CONFIG).checked(directory)))
        file = (directory / name).checked(directory)
        if not file.is_file():
            return None
        text = file.read_text(encoding="utf-8")
        dockerfile = parse_dockerfile(text, f"{extension.id}: {kind}.Dockerfile")
        purpose = check_dockerfile(dockerfile, kind)
    except (ExplainedError, OSError, UnicodeDecodeError) as error:
        raise ExtensionOutputError(extension=str(extension), problem=str(error)) from error
    return ExtensionDockerfile(
        extension=extension,
        dockerfile=dockerfile,
        purpose=purpose,
        text=text,
        context=context,
        arguments=config.build if kind is DockerfileKind.BUILD else config.run,
    )
