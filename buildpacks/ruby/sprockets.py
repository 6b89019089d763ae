"""What Sprockets leaves in ``public/assets``, made the same in every build of the same source. Pure but for files.

The name of its manifest is random, the order of what stands in it is that of its threads, and the time of the build
is in it and in every compressed asset.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

ASSETS = "public/assets"
_MANIFESTS = (".sprockets-manifest-*.json", "manifest-*.json")
_PROPSHAFT = f"{ASSETS}/.manifest.json"
# Webpacker and Shakapacker, and Vite: an app may have all of its assets from there.
_BUNDLERS = ("public/packs/manifest.json", "public/vite/.vite/manifest*.json", "public/vite/manifest*.json")
_TIME = "1980-01-01T00:00:01+00:00"
_GZIP, _GZIP_TIME = b"\x1f\x8b", 4  # what a file begins with, and where its header has the time


def committed_manifest(app_dir: Path) -> Path | None:
    """Find the manifest of assets that were compiled before the build; Propshaft's does not count, as on Heroku."""
    return next(_manifests(app_dir), None)


def has_manifest(app_dir: Path) -> bool:
    """Tell whether assets were compiled: by Sprockets, by Propshaft, or by a bundler that hangs on the same task."""
    others = (path for pattern in (_PROPSHAFT, *_BUNDLERS) for path in app_dir.glob(pattern))
    return committed_manifest(app_dir) is not None or any(others)


def settle_assets(app_dir: Path) -> None:
    """Take times out of manifest and compressed assets; sort the manifest, and name it by its contents."""
    for compressed in (app_dir / ASSETS).rglob("*.gz"):
        with compressed.open("r+b") as file:
            if file.read(len(_GZIP)) == _GZIP:
                file.seek(_GZIP_TIME)
                file.write(bytes(4))
    for manifest in list(_manifests(app_dir)):
        _settle_manifest(manifest)


def _settle_manifest(manifest: Path) -> None:
    try:
        table = json.loads(manifest.read_text())
        for facts in table["files"].values():
            facts["mtime"] = _TIME
    except (ValueError, KeyError, AttributeError, TypeError):
        return  # of another form than Sprockets': it stays as it is
    data = json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
    prefix = manifest.name[: manifest.name.index("manifest-") + len("manifest-")]
    manifest.unlink()
    (manifest.parent / f"{prefix}{hashlib.sha256(data).hexdigest()[:32]}.json").write_bytes(data)


def _manifests(app_dir: Path) -> Iterator[Path]:
    directory = app_dir / ASSETS
    if directory.is_dir():
        for pattern in _MANIFESTS:
            yield from sorted(directory.glob(pattern))
