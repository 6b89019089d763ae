"""How fast are the phases as programs, against the reference lifecycle's, over the same layers, registry and caches?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measure import Finding, Settings, Timing, clock, in_turns, megabytes, times
from benchmarks.memory import write_tree
from benchmarks.sample_tree import make_sample_tree
from lifecycle_py.oci.layout_tree import LayoutTree
from tests.support.lifecycles import AS_USER, OURS, REFERENCE, USER, Lifecycle, Site, open_site
from tests.support.stack import debian_13

_MB: Final = 1_000_000
# Files are kept in memory: what a disk does with some gigabytes in a minute is another story, and not a steady one.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - removed at the end
_LIFECYCLES: Final = (OURS, REFERENCE)
_BUILDPACK: Final = "fixtures/measured"
_HEAD: Final = f'api = "0.12"\n[buildpack]\nid = "{_BUILDPACK}"\nversion = "1.0.0"\n'
# Makes the layer from links unless it was restored.
_BUILD: Final = """\
#!/bin/sh
test -d "$CNB_LAYERS_DIR/tree" || cp -al "$CNB_BUILDPACK_DIR/tree" "$CNB_LAYERS_DIR/tree"
printf '[types]\\nlaunch = true\\ncache = true\\n' >"$CNB_LAYERS_DIR/tree.toml"
"""

_AIMS: Final = {
    "export to registry, cold": "≤ 0.25 ×",
    "export to registry, unchanged": "≤ 0.1 ×",
    "restore": "≤ 0.5 ×",
    "create in layout, cold": "≤ 0.25 ×",
    "create in layout, unchanged": "≤ 0.1 ×",
}

# Runs a command and says how much memory it took at most; what a larger parent says of a child includes itself.
_PEAK: Final = """\
import os, sys
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
os.write(9, str(usage.ru_maxrss).encode())
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What is exported: a name, and who makes the layer's tree."""

    name: str
    make: Callable[[Path], object]
    runs: int


def _sample(files: int, size: int) -> Callable[[Path], object]:
    return lambda directory: make_sample_tree(debian_13().build_root / "usr", directory, files=files, size=size)


LOADS: Final = (
    Load(name="1 MB in 100 files", make=_sample(100, _MB), runs=5),
    Load(name="300 MB in 20,000 files", make=_sample(20_000, 300 * _MB), runs=3),
    Load(name="1 GB in 501 files", make=lambda directory: write_tree(directory, 1000 * _MB), runs=2),
)
GROWTH: Final = tuple(
    Load(name=f"100 MB in {files} files", make=_sample(files, 100 * _MB), runs=2) for files in (1000, 5000, 20_000)
)


class Bench:
    """A site with one buildpack whose layer is given, and what both lifecycles do with it."""

    def __init__(self, site: Site) -> None:
        """Prepare the buildpack."""
        self.site = site
        self.counter = 0
        for name in ("bytecode", "tmp"):
            (site.root / name).mkdir()
            os.chown(site.root / name, USER, USER)
        self.env = {
            "PYTHONPYCACHEPREFIX": str(site.root / "bytecode"),
            "TMPDIR": str(site.root / "tmp"),
            "CNB_EXPERIMENTAL_MODE": "quiet",
        }
        directory = site.root / "buildpacks" / _BUILDPACK.replace("/", "_") / "1.0.0"
        (directory / "bin").mkdir(parents=True)
        (directory / "buildpack.toml").write_text(_HEAD)
        for name, text in (("detect", "#!/bin/sh\n"), ("build", _BUILD)):
            (directory / "bin" / name).write_text(text)
            (directory / "bin" / name).chmod(0o755)
        site.install(directory)
        site.write_source({"index.html": "<p>"})
        site.renew()

    def take(self, tree: Path) -> None:
        """Make this tree the contents of the buildpack's layer."""
        link = self.site.root / "buildpacks" / _BUILDPACK.replace("/", "_") / "1.0.0" / "tree"
        if link.exists():
            shutil.rmtree(link)
        shutil.copytree(tree, link, copy_function=os.link)
        for path in (link, *link.rglob("*")):
            os.chown(path, USER, USER, follow_symlinks=False)

    def new_cache(self) -> Path:
        """Make an empty cache directory."""
        self.counter += 1
        cache = self.site.root / f"cache-{self.counter}"
        cache.mkdir()
        os.chown(cache, USER, USER)
        return cache

    def run(self, lifecycle: Lifecycle, phase: str, *arguments: str) -> None:
        """Run a phase, which has to succeed."""
        self.site.run(lifecycle, phase, *arguments, **self.env)

    def before_export(self, lifecycle: Lifecycle, name: str, cache: Path) -> float:
        """Run every phase up to the exporter in fresh directories; give the seconds of the restorer."""
        self.site.renew()
        self.run(lifecycle, "analyzer", name)
        self.run(lifecycle, "detector")
        restored = clock(lambda: self.run(lifecycle, "restorer", "-cache-dir", str(cache)))
        self.run(lifecycle, "builder")
        return restored

    def flags(self, cache: Path) -> tuple[str, ...]:
        """Give the flags of exporter and creator."""
        files = ("-launcher", str(self.site.root / "launcher"), "-launcher-sbom", str(self.site.root / "launcher-sbom"))
        return ("-cache-dir", str(cache), *files)

    def layout(self) -> Path:
        """Make a layout that has the run image."""
        self.counter += 1
        directory = self.site.root / f"layout-{self.counter}"
        found = self.site.store.find(self.site.name("run"))
        assert found is not None
        LayoutTree(directory).save(found.image, [self.site.name("run")])
        for path in (directory, *directory.rglob("*")):
            os.chown(path, USER, USER)
        return directory

    def in_registry(self, lifecycle: Lifecycle) -> dict[str, float]:
        """Build twice into the registry; give the seconds of the phases that matter."""
        self.counter += 1
        name, cache = self.site.name(f"app-{self.counter}"), self.new_cache()
        self.before_export(lifecycle, name, cache)
        cold = clock(lambda: self.run(lifecycle, "exporter", *self.flags(cache), name))
        restored = self.before_export(lifecycle, name, cache)
        again = clock(lambda: self.run(lifecycle, "exporter", *self.flags(cache), name))
        shutil.rmtree(cache)
        self._empty_registry()
        return {"export to registry, cold": cold, "restore": restored, "export to registry, unchanged": again}

    def in_layout(self, lifecycle: Lifecycle) -> dict[str, float]:
        """Build twice into a layout, which the reference's creator can do and its exporter cannot."""
        cache, layout = self.new_cache(), self.layout()
        flags = (*self.flags(cache), "-layout", "-layout-dir", str(layout), self.site.name("app"))
        seconds = []
        for _ in range(2):
            self.site.renew()
            seconds.append(clock(lambda: self.run(lifecycle, "creator", *flags)))
        shutil.rmtree(cache)
        shutil.rmtree(layout)
        return {"create in layout, cold": seconds[0], "create in layout, unchanged": seconds[1]}

    def _empty_registry(self) -> None:
        shutil.rmtree(self.site.registry.directory / "data")
        self.site.registry.restart()
        self.site.push_run_image()

    def peak(self, lifecycle: Lifecycle) -> int:
        """Give the bytes of memory a cold export to the registry takes at most."""
        self.counter += 1
        name, cache = self.site.name(f"app-{self.counter}"), self.new_cache()
        self.before_export(lifecycle, name, cache)
        read, write = os.pipe()
        command = (*lifecycle.argv("exporter"), *self.flags(cache), name)
        os.dup2(write, 9)
        subprocess.run(
            [sys.executable, "-S", "-c", _PEAK, *AS_USER, *command],
            env=self.site.environ(**self.env),
            check=True,
            pass_fds=(9,),
            stdout=subprocess.DEVNULL,
        )
        os.close(9)
        os.close(write)
        with os.fdopen(read) as pipe:
            return int(pipe.read()) * 1024


def measure(settings: Settings) -> Iterator[Finding]:
    """Measure cold and unchanged exports, restores, detection and memory; every side in turns."""
    with open_site(api="0.14", parent=_MEMORY) as site:
        bench = Bench(site)
        for load in LOADS:
            with _taken(bench, load):
                yield from _measure_load(bench, load, settings)
        for load in GROWTH:
            with _taken(bench, load):
                timings = _in_turns(bench.in_registry, min(settings.runs, load.runs))
                yield _compare("export to registry, cold", load, timings, "")
    yield _detect(settings)


@contextmanager
def _taken(bench: Bench, load: Load) -> Iterator[None]:
    tree = bench.site.root / "tree"
    load.make(tree)
    bench.take(tree)
    yield
    shutil.rmtree(tree)


def _measure_load(bench: Bench, load: Load, settings: Settings) -> Iterator[Finding]:
    runs = min(settings.runs, load.runs)
    timings = _in_turns(bench.in_registry, runs) | _in_turns(bench.in_layout, runs)
    for what, aim in _AIMS.items():
        yield _compare(what, load, timings, aim)
    peaks = {lifecycle.name: bench.peak(lifecycle) for lifecycle in _LIFECYCLES}
    yield Finding(
        question=f"peak memory of the exporter, {load.name}",
        number=" and ".join(f"{megabytes(peak)} ({name})" for name, peak in peaks.items()),
        raw={},
    )


def _in_turns(build: Callable[[Lifecycle], dict[str, float]], runs: int) -> dict[tuple[str, str], Timing]:
    seconds: dict[tuple[str, str], list[float]] = {}
    for _ in range(runs):
        for lifecycle in _LIFECYCLES:
            for what, value in build(lifecycle).items():
                seconds.setdefault((what, lifecycle.name), []).append(value)
    return {key: Timing(tuple(values)) for key, values in seconds.items()}


def _compare(what: str, load: Load, timings: Mapping[tuple[str, str], Timing], aim: str) -> Finding:
    ours, theirs = timings[what, OURS.name], timings[what, REFERENCE.name]
    return Finding(
        question=f"{what}, {load.name}",
        number=f"{ours.median / theirs.median:.2f} ×",
        aim=aim,
        raw={"ours": ours, "reference": theirs},
    )


def _detect(settings: Settings) -> Finding:
    """Detect with 20 buildpacks in four groups, the last of which passes."""
    with open_site(api="0.14") as site:
        bench = Bench(site)
        order = ""
        for number in range(20):
            directory = site.root / "buildpacks" / f"fixtures_{number}" / "1.0.0"
            (directory / "bin").mkdir(parents=True)
            (directory / "buildpack.toml").write_text(_HEAD.replace(_BUILDPACK, f"fixtures/{number}"))
            status = 100 if number in {4, 9, 14} else 0
            for name in ("detect", "build"):
                (directory / "bin" / name).write_text(f"#!/bin/sh\nexit {status}\n")
                (directory / "bin" / name).chmod(0o755)
            order += "[[order]]\n" if number % 5 == 0 else ""
            order += f'[[order.group]]\nid = "fixtures/{number}"\nversion = "1.0.0"\n'
        (site.root / "order.toml").write_text(order)
        site.renew()
        bench.run(OURS, "analyzer", site.name("app"))
        actions: dict[str, Callable[[], object]] = {
            lifecycle.name: lambda lifecycle=lifecycle: bench.run(lifecycle, "detector")  # type: ignore[misc]
            for lifecycle in _LIFECYCLES
        }
        timings = in_turns(actions, settings.runs * 2)
    ours, theirs = timings[OURS.name], timings[REFERENCE.name]
    return Finding(
        question="detect 20 buildpacks in 4 groups",
        number=times(ours.median / theirs.median),
        aim="≤ 1 ×",
        raw={"ours": ours, "reference": theirs},
    )
