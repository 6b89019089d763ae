"""What does the launcher add to an image, and to the start of a process?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.measure import Finding, Settings, Timing, human, in_turns, start_bare, times
from builder.stacks.mmdebstrap import host_architecture
from lifecycle_py.launcher import ARCHITECTURES, launcher_file

# What the python buildpack leaves for a Django app, as far as the launcher reads it.
_METADATA = """\
[[buildpacks]]
id = "some/python"
version = "1"
api = "0.12"

[[processes]]
type = "web"
command = ["sh", "-c", "exec true"]
args = []
direct = true
default = true
buildpack-id = "some/python"
"""


def measure(settings: Settings) -> Iterator[Finding]:
    """Give its sizes, and compare starting ``true`` through it and through a shell."""
    sizes: dict[str, str | Timing] = {arch: f"{launcher_file(arch).stat().st_size} bytes" for arch in ARCHITECTURES}
    yield Finding(question="size of the launcher", number=" / ".join(map(str, sizes.values())), raw=sizes)

    launcher, env = launcher_file(host_architecture()), _app_image(settings.scratch)
    timings = in_turns(
        {
            "launcher -- true": lambda: start_bare((str(launcher), "--", "/bin/true"), env),
            "launcher, process web = sh -c 'exec true'": lambda: start_bare((str(settings.scratch / "web"),), env),
            "sh -c 'exec true'": lambda: start_bare(("/bin/sh", "-c", "exec true"), env),
            "true": lambda: start_bare(("/bin/true",), env),
        },
        settings.runs * 100,
    )
    direct, web, shell, bare = (timing.median for timing in timings.values())
    yield Finding(
        question="start of a command: launcher / sh -c 'exec …'",
        number=f"{times(direct / shell)}, {human(direct - bare)} more than the command alone",
        raw=timings,
    )
    yield Finding(question="start of a process of a layer environment", number=f"{human(web - shell)} more", raw={})


def _app_image(root: Path) -> Mapping[str, str]:
    """Lay out an app image with one buildpack, two layers and a process."""
    config = root / "layers" / "config"
    config.mkdir(parents=True)
    (config / "metadata.toml").write_text(_METADATA, encoding="utf-8")
    for layer in ("python", "venv"):
        (root / "layers" / "some_python" / layer / "bin").mkdir(parents=True)
        environment = root / "layers" / "some_python" / layer / "env.launch"
        environment.mkdir()
        for number in range(5):
            (environment / f"VARIABLE_{number}.override").write_text("value", encoding="utf-8")
    (root / "app").mkdir()
    (root / "web").symlink_to(launcher_file(host_architecture()))
    return {
        "CNB_PLATFORM_API": "0.15",
        "CNB_LAYERS_DIR": str(root / "layers"),
        "CNB_APP_DIR": str(root / "app"),
        "PATH": "/usr/bin:/bin",
    }
