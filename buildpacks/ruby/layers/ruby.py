"""The layer with Ruby: a copy of the stack's own, an archive somebody compiled, or compiled from source here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from buildpacks.ruby.errors import BrokenRubyError
from buildpacks.ruby.ruby_archive import ARCHIVE_SUM, archive_url
from buildpacks.ruby.ruby_source import SOURCE_SUM
from buildpacks.ruby.ruby_version import RubyRequest
from buildpacks.ruby.stack_ruby import StackRuby
from buildpacks.sdk import (
    CYCLONEDX,
    BuildContext,
    CommandFailedError,
    CommandNotFoundError,
    Component,
    Layer,
    LayerTypes,
    Version,
    changed,
    cyclonedx,
    shown,
)

_TYPES = LayerTypes(build=True, cache=True, launch=True)
_LAYOUT = 1  # raise it when the same Ruby would be laid out differently


class Provider(StrEnum):
    """Where a Ruby comes from; the value is how the log says it."""

    STACK = "the stack"
    ARCHIVE = "an archive"
    SOURCE = "source"


@dataclass(frozen=True, kw_only=True, slots=True)
class RubyKey:
    """What the layer's contents depend on. ``build`` tells builds of one version apart, where that is known."""

    version: str = shown("Ruby version")
    provider: str = shown("provider of Ruby")
    build: str = changed("the build of Ruby")
    target: str = shown("target")
    layout: int = shown("layout of the layer")


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledRuby:
    """The app's Ruby; ``abi`` is the version that gems are compiled for, ``bundler`` that of its own Bundler."""

    layer: Layer
    version: Version
    identity: str
    abi: str
    bundler: str


def install_ruby(context: BuildContext, request: RubyRequest, stack: StackRuby | None) -> InstalledRuby:
    """Install the Ruby the app asks for, or find it in the cache. ``stack`` is used where it is the version asked for.

    Raises:
        BrokenRubyError: what was installed does not run here.
    """
    url = archive_url(context.user_env, request.version, context.target)
    provider = _provider(request.version, stack, url)
    context.output.step(f"Using Ruby {request.version} from {provider} ({request.origin})")
    key = RubyKey(
        version=str(request.version),
        provider=str(provider),
        build=_build(context, provider, stack),
        target=context.target_name,
        layout=_LAYOUT,
    )
    layer = context.layer("ruby", key, types=_TYPES)
    context.output.state(f"Ruby {request.version}", layer.state)
    if not layer.is_restored:
        with context.output.timed(f"Installing Ruby {request.version} from {provider}"):
            _install(context, request.version, provider, stack, url, layer.path)
            layer.notes = _ask(context, layer)
    else:
        layer.notes = layer.restored_notes
    layer.sboms[CYCLONEDX] = _sbom(request.version)
    return InstalledRuby(
        layer=layer,
        version=request.version,
        identity=f"{request.version} from {provider} {key.build}".strip(),
        abi=str(layer.notes["abi"]),
        bundler=str(layer.notes["bundler"]),
    )


def _provider(version: Version, stack: StackRuby | None, url: str) -> Provider:
    if stack is not None and stack.version.sort_key == version.sort_key:
        return Provider.STACK
    return Provider.ARCHIVE if url else Provider.SOURCE


def _build(context: BuildContext, provider: Provider, stack: StackRuby | None) -> str:
    match provider:
        case Provider.STACK:
            return stack.build if stack else ""
        case Provider.ARCHIVE:
            return context.user_env.get(ARCHIVE_SUM, "").strip()
        case Provider.SOURCE:
            return context.user_env.get(SOURCE_SUM, "").strip()


def _install(
    context: BuildContext, version: Version, provider: Provider, stack: StackRuby | None, url: str, to: Path
) -> None:
    if provider is Provider.STACK and stack is not None:
        from buildpacks.ruby.stack_ruby import copy_stack_ruby

        copy_stack_ruby(context, stack, to)
    elif provider is Provider.ARCHIVE:
        from buildpacks.ruby.ruby_archive import install_archive

        install_archive(context, url, to)
    else:
        from buildpacks.ruby.ruby_source import compile_ruby

        compile_ruby(context, version, to)


def _ask(context: BuildContext, layer: Layer) -> dict[str, object]:
    """Ask the Ruby that was installed for what later steps have to know; it is tried on the way."""
    script = (
        "require 'openssl'; require 'psych'; require 'bundler'; puts RbConfig::CONFIG['ruby_version'], Bundler::VERSION"
    )
    try:
        abi, bundler = context.run("ruby", "-e", script, env=layer.apply_env(context.env), show=False)[-2:]
    except (CommandFailedError, CommandNotFoundError, ValueError) as error:
        lines = error.last_lines if isinstance(error, CommandFailedError) else (str(error),)
        raise BrokenRubyError(last_lines=lines) from error
    return {"abi": abi, "bundler": bundler}


def _sbom(version: Version) -> bytes:
    purl = f"pkg:generic/ruby@{version}"
    return cyclonedx([Component(name="ruby", version=str(version), purl=purl, kind="application")])
