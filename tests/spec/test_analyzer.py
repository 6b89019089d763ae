"""The analyzer as a program against the specification: platform.md "analyzer", "Run Image Resolution"."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from tests.support.lifecycles import FIXTURES, OURS, Finished, Site

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("spec")]

_SOURCE = {"index.html": "<p>"}


def _analyze(site: Site, *arguments: str, **env: str) -> Finished:
    site.renew()
    return site.try_to_run(OURS, "analyzer", *arguments, **env)


def _analyzed(site: Site) -> dict[str, Any]:
    return tomllib.loads((site.layers / "analyzed.toml").read_text())


def _fails(finished: Finished, code: int, *words: str) -> None:
    assert (code, []) == (finished.code, [word for word in words if word not in finished.stderr]), finished.output
    assert "Traceback" not in finished.output


@pytest.mark.requirement("platform.analyzer.image-valid", "platform.analyzer.tags-valid")
@pytest.mark.parametrize("words", [("UPPER/case:x:y",), ("-tag", "not a name", "{app}"), ("",), ("{app}:tag:tag",)])
def test_names_have_to_be_references(site: Site, words: tuple[str, ...]) -> None:
    """A name that is no reference is told before anything is asked of a registry."""
    before = len(site.registry.requests())
    finished = _analyze(site, *(word.replace("{app}", site.name("app")) for word in words))

    assert 0 != finished.code
    assert "Traceback" not in finished.output
    assert before == len(site.registry.requests())


@pytest.mark.requirement("platform.analyzer.tags-one-registry", "deviation.tags-of-registries")
def test_tags_are_of_one_registry(site: Site) -> None:
    """A tag of another registry is refused, before anything is built."""
    _fails(_analyze(site, "-tag", "registry.example.com/app", site.name("app")), 3, "registry.example.com")


@pytest.mark.requirement("platform.analyzer.previous-valid")
def test_previous_image_has_to_be_a_reference(site: Site) -> None:
    """What -previous-image names follows the rules of references."""
    finished = _analyze(site, "-previous-image", "no:such:thing", site.name("app"))

    assert 0 != finished.code
    assert "no:such:thing" in finished.stderr


@pytest.mark.requirement("platform.analyzer.absent-images", "platform.analyzer.exit-codes")
def test_images_may_be_absent(site: Site) -> None:
    """App image, previous image and cache image need not be there yet."""
    names = ("-previous-image", site.name("none"), "-cache-image", site.name("no-cache"), site.name("new"))
    finished = _analyze(site, *names)

    assert 0 == finished.code, finished.output
    assert "image" not in _analyzed(site) or not _analyzed(site)["image"]["reference"]


@pytest.mark.requirement(
    "platform.analyzer.run-image-described", "platform.analyzed-toml.run-reference", "platform.analyzer.writes-analyzed"
)
def test_run_image_is_described(site: Site) -> None:
    """analyzed.toml has the run image by digest, the name it was found by and its target, where -analyzed says."""
    elsewhere = site.root / "home" / "analyzed.toml"
    assert 0 == _analyze(site, "-analyzed", str(elsewhere), site.name("app")).code
    run_image = tomllib.loads(elsewhere.read_text())["run-image"]

    assert run_image["reference"].startswith(f"{site.name('run')}@sha256:")
    assert site.name("run") == run_image["image"]
    assert {"os": "linux", "arch": "amd64", "distro": {"name": "debian", "version": "13"}} == run_image["target"]
    assert not (site.layers / "analyzed.toml").exists()


@pytest.mark.requirement("platform.analyzer.read-access", "platform.analyzer.exit-codes")
def test_run_image_has_to_be_readable(site: Site) -> None:
    """A run image that is not there fails the analysis (30-39)."""
    finished = _analyze(site, "-run-image", site.name("no-run-image"), site.name("app"))

    _fails(finished, 32, "no-run-image")


@pytest.mark.requirement("platform.analyzer.write-access")
@pytest.mark.parametrize("flags", [(), ("-tag", "{other}"), ("-cache-image", "{other}")])
def test_outputs_have_to_be_writable(site: Site, flags: tuple[str, ...]) -> None:
    """A registry that cannot be written to fails the analysis, whether it is for the image, a tag or the cache."""
    closed = "127.0.0.1:9/app"
    image = closed if not flags or flags[0] == "-tag" else site.name("app")
    finished = _analyze(site, *(flag.replace("{other}", closed) for flag in flags), image)

    _fails(finished, 32, "127.0.0.1:9")


@pytest.mark.requirement(
    "platform.analyzer.run-image-resolved",
    "platform.run-image-resolution.readable",
    "platform.run-toml.mirrors",
    "platform.analyzed-toml.run-image-name",
)
def test_run_image_is_resolved(site: Site) -> None:
    """Without -run-image the first of run.toml that can be read is taken, mirrors included."""
    run = site.root / "home" / "run.toml"
    run.write_text(
        f'[[images]]\nimage = "127.0.0.1:9/gone"\nmirrors = ["{site.name("absent")}", "{site.name("run")}"]\n'
    )
    assert 0 == _analyze(site, "-run", str(run), site.name("app")).code

    assert site.name("run") == _analyzed(site)["run-image"]["image"]


@pytest.mark.requirement("platform.analyzer.run-image-resolved")
@pytest.mark.parametrize("text", ["", '[[images]]\nimage = "127.0.0.1:9/gone"\n', "[[images"])
def test_run_image_that_cannot_be_resolved(site: Site, text: str) -> None:
    """A run.toml that names none that can be read fails the analysis."""
    run = site.root / "home" / "run.toml"
    run.write_text(text)
    finished = _analyze(site, "-run", str(run), site.name("app"))

    assert finished.code not in {0, 1}
    assert "Traceback" not in finished.output


@pytest.mark.requirement("platform.run-image-resolution.same-registry")
def test_run_image_of_the_same_registry_is_preferred(site: Site) -> None:
    """A mirror in the app image's registry comes before the image itself."""
    run = site.root / "home" / "run.toml"
    other = site.name("run").replace("127.0.0.1", "localhost")
    run.write_text(f'[[images]]\nimage = "{other}"\nmirrors = ["{site.name("run")}"]\n')
    assert 0 == _analyze(site, "-run", str(run), site.name("app")).code

    assert site.name("run") == _analyzed(site)["run-image"]["image"]


@pytest.mark.requirement("platform.analyzer.layout-dir-required", "platform.analyzer.layout-not-daemon")
@pytest.mark.parametrize("flags", [("-layout",), ("-layout", "-layout-dir", "/tmp/x", "-daemon")])
def test_layout_flags(site: Site, flags: tuple[str, ...]) -> None:
    """-layout needs its directory, and no daemon beside it."""
    _fails(_analyze(site, *flags, site.name("app"), CNB_EXPERIMENTAL_MODE="warn"), 3)


@pytest.mark.requirement(
    "platform.api.experimental-error",
    "deviation.experimental-silent",
    "platform.api.experimental-warn",
    "platform.api.experimental-silent",
)
@pytest.mark.parametrize(
    ("mode", "refused", "warned"),
    [
        ("", True, False),
        ("error", True, False),
        ("warn", False, True),
        ("silent", False, False),
        ("quiet", False, False),
    ],
)
def test_experimental_features(site: Site, mode: str, *, refused: bool, warned: bool) -> None:
    """Layouts are experimental: refused, warned of, or used without a word, as CNB_EXPERIMENTAL_MODE says."""
    flags = ("-layout", "-layout-dir", str(site.root / "home" / "layout"), "-run-image", "no/run", "app")
    finished = _analyze(site, *flags, **({"CNB_EXPERIMENTAL_MODE": mode} if mode else {}))
    said = finished.stderr.lower()

    assert refused == ("experimental" in said and "no/run" not in said), finished.output
    assert warned == ("experimental" in said and "no/run" in said), finished.output


@pytest.mark.requirement(
    "platform.analyzer.sbom-restored",
    "platform.analyzer.skip-layers",
    "platform.analyzer.previous-described",
    "platform.analyzed-toml.metadata",
    "platform.analyzed-toml.previous-reference",
    "buildpack.analysis.previous-found",
)
def test_previous_image(site: Site) -> None:
    """The previous image is described with its label, and its SBOM layer comes back unless layers are skipped."""
    site.install(FIXTURES / "writes_sboms")
    site.write_source(_SOURCE)
    built = site.build(OURS, "before")
    assert 0 == _analyze(site, site.name("before")).code
    restored = sorted(path.name for path in (site.layers / "sbom").rglob("*.json"))
    analyzed = _analyzed(site)
    before = len(site.registry.requests())
    assert 0 == _analyze(site, "-skip-layers", site.name("before")).code
    asked = [path for _, path in site.registry.requests()[before:] if "/blobs/sha256" in path]

    assert restored
    assert analyzed["image"]["reference"].endswith(f"@{built.digest}")
    assert built.label("io.buildpacks.lifecycle.metadata")["app"] == analyzed["metadata"]["app"]
    assert not (site.layers / "sbom").exists()
    layers = {layer["digest"] for layer in built.manifest["layers"]}
    assert not [path for path in asked if path.rpartition("/")[2] in layers]
