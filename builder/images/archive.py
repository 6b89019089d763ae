"""An image as one file, for ``skopeo``, ``docker load`` and whoever else takes archives."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from lifecycle_py.oci.image_archive import archive_chunks
from lifecycle_py.oci.model import Image


def write_archive(image: Image, references: tuple[str, ...], file: Path) -> None:
    """Write an archive whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.writelines(archive_chunks(image, references))
        temporary.chmod(0o644)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
