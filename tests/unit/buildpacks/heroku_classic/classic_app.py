"""An app under a wrapped classic buildpack, whose scripts are real ones."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from buildpacks.heroku_classic.buildpack import ClassicBuildpack
from buildpacks.sdk.testing import AppUnderTest

REPOSITORY = Path(__file__).parents[4]
PACKS = REPOSITORY / "fixtures" / "classic_buildpacks"
DETECT = "#!/bin/sh\necho Test"


class ClassicApp(AppUnderTest):
    """An app, and a classic buildpack beside our adapter: one of the fixtures, or scripts by their path."""

    def __init__(
        self,
        tmp_path: Path,
        pack: str | Mapping[str, str],
        files: Mapping[str, str | bytes] | None = None,
        **user_env: str,
    ) -> None:
        """Lay both out."""
        super().__init__(ClassicBuildpack(), tmp_path, files or {}, user_env=user_env)
        self.classic = self.buildpack_dir / "classic"
        if isinstance(pack, str):
            shutil.copytree(PACKS / pack, self.classic, symlinks=True)
        else:
            for name, script in {"bin/detect": DETECT, "bin/compile": "#!/bin/sh", **pack}.items():
                (self.classic / name).parent.mkdir(parents=True, exist_ok=True)
                (self.classic / name).write_text(script)
                (self.classic / name).chmod(0o755)
        shutil.copy(REPOSITORY / "buildpacks" / "heroku_classic" / "buildpack.toml", self.buildpack_dir)
