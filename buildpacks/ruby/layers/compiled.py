"""The cache of what is compiled from the app's source: assets, and bytecode for Bootsnap.

Nothing runs while source, gems and config vars are the same: what was made then is copied into the app. Otherwise
assets are compiled over those of the last build, with Sprockets' own cache, as on Heroku; both are kept up to 50 MiB.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from buildpacks.ruby.app_checks import compiles_at_run_time
from buildpacks.ruby.app_errors import (
    AssetNotFoundError,
    NoJavaScriptError,
    NoManifestError,
    PrecompileError,
    PrecompileNeedsDatabaseError,
)
from buildpacks.ruby.app_trace import app_lines
from buildpacks.ruby.bootsnap import DIRECTORIES, settle_bytecode
from buildpacks.ruby.bundle import Bundle
from buildpacks.ruby.family import Family
from buildpacks.ruby.rake_environment import keep_packages, rake_environment
from buildpacks.ruby.rake_tasks import CLEAN, PRECOMPILE
from buildpacks.ruby.source_files import (
    IMAGE_TIME,
    PASSING,
    Facts,
    changed_since,
    digest_source,
    leaving_no_trace,
    snapshot,
    source_files,
)
from buildpacks.ruby.sprockets import ASSETS, committed_manifest, has_manifest, settle_assets
from buildpacks.sdk import BuildContext, CommandFailedError, Layer, LayerTypes, changed, read_toml_if_present

ELSEWHERE = "OFFRAMP_RAILS_ASSETS"
_TYPES = LayerTypes(cache=True)
_LAYOUT = 1  # raise it when the same source would be compiled differently
_CACHE, _BOOTSNAP = "tmp/cache/assets", "tmp/cache/bootsnap"
_LIMIT = 50 << 20
_COMPILED_BY_BOOTSNAP = ("app", "lib", "config")
_PRODUCTS, _CACHES, _STARTING = "products", "caches", "bootsnap"
_SALT = "salt"
_NOT_OF_THE_APP = ("BUNDLE_", "OFFRAMP_")  # settings of Bundler and of this build, which change no asset
_SIGNS: tuple[tuple[type[PrecompileError], tuple[str, ...]], ...] = (
    (
        PrecompileNeedsDatabaseError,
        ("127.0.0.1", "ConnectionNotEstablished", "PG::ConnectionBad", "could not connect to", "NoDatabaseError"),
    ),
    (AssetNotFoundError, ("Sprockets::FileNotFound", "Propshaft::MissingAssetError", "couldn't find file")),
    (NoJavaScriptError, ("ExecJS::RuntimeUnavailable", "Could not find a JavaScript runtime", "yarn: not found",
                         "npm: not found", "node: not found", "command not found: yarn")),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledKey:
    """What decides about the result. ``variables`` is a slow, salted digest: nobody can guess a secret from it."""

    source: str = changed("the app's source")
    bundle: str = changed("the gems")
    variables: str = changed("config vars")
    layout: int = changed("what is kept")


_FIELDS = ("source", "bundle", "variables")


def compile_app(context: BuildContext, bundle: Bundle, family: Family, tasks: frozenset[str]) -> None:
    """Compile the app's assets, and its Ruby where it uses Bootsnap; or take both from the cache.

    Raises:
        PrecompileError: the task failed; the error says what is known about the reason.
        NoManifestError: it succeeded and left nothing.
    """
    makes_assets = _makes_assets(context, tasks)
    makes_bytecode = bundle.lock.has("bootsnap")
    if not makes_assets and not makes_bytecode:
        return
    salt = _salt_of_last_build(context)
    key = CompiledKey(
        source=digest_source(context.app_dir),
        bundle=bundle.fingerprint,
        variables=_digest_variables(context.user_env, salt),
        layout=_LAYOUT,
    )
    layer = context.layer("compiled", key, types=_TYPES, update_in_place_on=_FIELDS)
    layer.notes = {_SALT: salt}
    context.output.state("compiled assets" if makes_assets else "compiled Ruby", layer.state)
    if layer.is_restored:
        _copy(layer.path / _PRODUCTS, context.app_dir, overwrite=True)
        return
    _copy(layer.path / _CACHES, context.app_dir)
    before = snapshot(context.app_dir)
    if makes_assets:
        with leaving_no_trace(context.app_dir, _CACHE):
            _precompile(context, bundle, family, tasks, layer)
    # For the next build they are kept as the tools left them, with the times by which assets:clean goes.
    # Only these two are, as on Heroku: what a task finds there of anything else, it may believe to be up to date.
    _keep(context.app_dir, layer.path / _CACHES, _files_below(context.app_dir, ASSETS, _CACHE))
    settle_assets(context.app_dir)
    made = _made_since(before, context.app_dir)
    if not compiles_at_run_time(context.app_dir):
        shutil.rmtree(context.app_dir / _CACHE, ignore_errors=True)
        with suppress(OSError):  # others may have something there
            (context.app_dir / _CACHE).parent.rmdir()
    if makes_bytecode and not _compile_ruby(context, bundle):
        layer.key = {**layer.key, "source": ""}  # the next build tries again, and warns again
    caches = _files_below(context.app_dir, _CACHE, *(f"{_BOOTSNAP}/{name}" for name in DIRECTORIES))
    _keep(context.app_dir, layer.path / _PRODUCTS, {*made, *caches})


def trim(directory: Path, limit: int = _LIMIT) -> None:
    """Delete the files that were changed longest ago until the rest fits."""
    files = sorted(((path.stat(), path) for path in directory.rglob("*") if path.is_file()), key=_age)
    size = sum(status.st_size for status, _ in files)
    for status, path in files:
        if size <= limit:
            return
        path.unlink()
        size -= status.st_size


def _age(entry: tuple[os.stat_result, Path]) -> tuple[int, str]:
    status, path = entry
    return status.st_mtime_ns, str(path)


def _makes_assets(context: BuildContext, tasks: frozenset[str]) -> bool:
    if PRECOMPILE not in tasks:
        return False
    manifest = committed_manifest(context.app_dir)
    if manifest is not None:
        context.output.step(
            f"Leaving the assets as they are: '{manifest.relative_to(context.app_dir)}' is in the source"
        )
        return False
    return True


def _precompile(context: BuildContext, bundle: Bundle, family: Family, tasks: frozenset[str], layer: Layer) -> None:
    wanted = [PRECOMPILE, *([CLEAN] if CLEAN in tasks else [])]
    environment = rake_environment(bundle, family, bootsnap=layer.path / _STARTING)
    if (context.app_dir / "node_modules").exists():
        environment |= keep_packages(bundle)
    with context.output.timed(f"Running rake {' '.join(wanted)}"):
        try:
            bundle.run(context, "rake", *wanted, environment=environment)
        except CommandFailedError as error:
            raise _precompile_error(error) from error
    trim(context.app_dir / _CACHE)
    expects = bundle.lock.has("sprockets", "propshaft") and context.user_env.get(ELSEWHERE, "") != "elsewhere"
    if family.is_rails and expects and not has_manifest(context.app_dir):
        raise NoManifestError(directory=ASSETS)


def _precompile_error(error: CommandFailedError) -> PrecompileError:
    text = "\n".join(error.lines)
    kind = next((kind for kind, signs in _SIGNS if any(sign in text for sign in signs)), PrecompileError)
    return kind(lines=app_lines(error.lines))


def _compile_ruby(context: BuildContext, bundle: Bundle) -> bool:
    """Compile the app's Ruby for Bootsnap; its cache is valid in the image, where every file has one time.

    An app without it works, and starts more slowly: a failure is a warning. Gives whether it succeeded.
    """
    for path in source_files(context.app_dir):
        if not path.is_symlink():
            os.utime(path, (IMAGE_TIME, IMAGE_TIME))
    shutil.rmtree(context.app_dir / _BOOTSNAP, ignore_errors=True)
    directories = [name for name in _COMPILED_BY_BOOTSNAP if (context.app_dir / name).is_dir()]
    environment = {"BOOTSNAP_CACHE_DIR": str(context.app_dir / "tmp" / "cache")}
    with context.output.timed("Compiling the app's Ruby for Bootsnap"):
        try:
            bundle.run(context, "bootsnap", "precompile", *directories, show=False, environment=environment)
        except CommandFailedError as error:
            context.output.warning(
                "Bootsnap could not compile the app's Ruby, so the app starts more slowly", "\n".join(error.last_lines)
            )
            return False
    settle_bytecode(context.app_dir / _BOOTSNAP)
    return True


def _made_since(before: Mapping[Path, Facts], app_dir: Path) -> set[Path]:
    """Give what was made or changed, and all assets: those of the last build are among them."""
    changed_files = (path for path in changed_since(before, app_dir) if _is_kept(path))
    return {*changed_files, *_files_below(app_dir, ASSETS)}


def _is_kept(path: Path) -> bool:
    """Tell products from what a task writes on the way; the caches of Sprockets and Bootsnap are kept apart."""
    return path.parts[0] not in PASSING


def _files_below(app_dir: Path, *directories: str) -> list[Path]:
    return [
        path.relative_to(app_dir)
        for directory in directories
        for path in sorted((app_dir / directory).rglob("*"))
        if path.is_symlink() or path.is_file()
    ]


def _keep(app_dir: Path, to: Path, paths: Iterable[Path]) -> None:
    shutil.rmtree(to, ignore_errors=True)
    for path in sorted(paths):
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(app_dir / path, to / path, follow_symlinks=False)


def _copy(directory: Path, app_dir: Path, *, overwrite: bool = False) -> None:
    """Copy kept files into the app; what is there already stays, unless a task has changed it then."""
    for path in _files_below(directory, "."):
        target = app_dir / path
        there = target.exists() or target.is_symlink()
        if there and overwrite:
            target.unlink()
        if overwrite or not there:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(directory / path, target, follow_symlinks=False)


def _salt_of_last_build(context: BuildContext) -> str:
    notes = read_toml_if_present(context.layers_dir / "compiled.toml").data.get("metadata", {}).get("notes", {})
    return str(notes.get(_SALT) or secrets.token_hex(16))


def _digest_variables(user_env: Mapping[str, str], salt: str) -> str:
    seen = sorted(item for item in user_env.items() if not item[0].startswith(_NOT_OF_THE_APP))
    if not seen:
        return ""
    text = json.dumps(seen).encode()
    return hashlib.scrypt(text, salt=bytes.fromhex(salt), n=1 << 12, r=8, p=1, dklen=32).hex()
