"""Running the phase programs as a platform does: with a builder image's directories, and as its user."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
BUILD_UID = 60901

# Layers are made when they were not restored, and used again when they were: the log tells which.
_BUILD = """#!/bin/sh
set -eu
echo "GREETING is $GREETING"
cd "$CNB_LAYERS_DIR"
for layer in kept:cache:launch both:build:cache alone:launch; do
    name=${layer%%:*}
    if test -e "$name.toml"; then echo "$name restored: $(ls -d "$name" 2>/dev/null || echo metadata only)"
    else mkdir "$name"; echo "$name" > "$name/file"; printf '[metadata]\\nmade = "once"\\n' > "$name.toml"; fi
    { printf '[types]\\n'; echo "${layer#*:}" | tr ':' '\\n' | sed 's/$/ = true/'; } >> "$name.toml"
done
cat > launch.toml <<END
[[processes]]
type = "web"
command = ["true"]
default = true
[[labels]]
key = "made.by"
value = "test"
END
"""


@dataclass(frozen=True, slots=True)
class BuilderImage:
    """Directories as a builder image has them."""

    root: Path

    def path(self, name: str) -> Path:
        """Give a file below the root."""
        return self.root / name

    @classmethod
    def make(cls, root: Path) -> BuilderImage:
        """Make one with a buildpack that wants every app with a file ``wanted``, and leaves a layer of every type."""
        for name in ("app", "layers", "platform/env", "cache"):
            (root / name).mkdir(parents=True)
        programs = root / "buildpacks" / "test_pack" / "1" / "bin"
        programs.mkdir(parents=True)
        (programs.parent / "buildpack.toml").write_text('api = "0.12"\n[buildpack]\nid = "test/pack"\nversion = "1"\n')
        (programs / "detect").write_text("#!/bin/sh\ntest -e wanted || exit 100\n")
        (programs / "build").write_text(_BUILD)
        for program in programs.iterdir():
            program.chmod(0o755)
        (root / "order.toml").write_text('[[order]]\n[[order.group]]\nid = "test/pack"\nversion = "1"\n')
        (root / "app" / "wanted").touch()
        (root / "platform" / "env" / "GREETING").write_text("hello")
        (root / "launcher").write_text("not run here")
        builder = cls(root)
        builder.give()
        return builder

    def give(self) -> None:
        """Give everything to the build's user, once more after a test wrote something itself."""
        if os.geteuid() == 0:
            subprocess.run(["chown", "--recursive", f"{BUILD_UID}:{BUILD_UID}", str(self.root)], check=True)

    def run(self, phase: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a phase program as the build's user."""
        before = as_build_user() if os.geteuid() == 0 else []
        return self.run_as_we_are(phase, *arguments, before=before, **env)

    def run_as_we_are(
        self, phase: str, *arguments: str, before: Sequence[str] = (), **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a phase program as whoever tests, behind other words of a command line."""
        main = "from lifecycle_py.cli.entry import main; main()"
        command = [*before, sys.executable, "-c", main, phase, *arguments]
        return subprocess.run(command, env=self.environment(**env), capture_output=True, text=True, check=False)

    def environment(self, **more: str) -> dict[str, str]:
        """Give the variables of the builder image."""
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "PYTHONPATH": str(REPOSITORY),
            "CNB_PLATFORM_API": "0.15",
            "CNB_EXPERIMENTAL_MODE": "quiet",
            "CNB_APP_DIR": str(self.root / "app"),
            "CNB_LAYERS_DIR": str(self.root / "layers"),
            "CNB_PLATFORM_DIR": str(self.root / "platform"),
            "CNB_BUILDPACKS_DIR": str(self.root / "buildpacks"),
            "CNB_ORDER_PATH": str(self.root / "order.toml"),
            "CNB_RUN_PATH": str(self.root / "run.toml"),
            "CNB_USER_ID": str(BUILD_UID if os.geteuid() == 0 else os.getuid()),
            "CNB_GROUP_ID": str(BUILD_UID if os.geteuid() == 0 else os.getgid()),
        }
        return {name: value for name, value in (own | more).items() if value}


def as_build_user() -> list[str]:
    """Give the words that make a command run as the build's user, still able to read this checkout."""
    ids = [f"--reuid={BUILD_UID}", f"--regid={BUILD_UID}", "--clear-groups"]
    return ["setpriv", *ids, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
