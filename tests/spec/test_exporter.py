"""The exporter and the creator as programs against the specification: platform.md "exporter", "creator", "Labels"."""

from __future__ import annotations

import json
import tarfile
import tomllib
from collections.abc import Iterator

import pytest

from tests.support.lifecycles import FIXTURES, OURS, PHASES, Built, Finished, Site, open_site

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("spec")]

_SOURCE = {"index.html": "<p>", "version": "1", "below/file": "x"}
_SBOM = '{"bomFormat": "CycloneDX", "specVersion": "1.5"}'
_PROJECT = '[source]\ntype = "git"\n[source.version]\ncommit = "abc"\n[source.metadata]\nrefs = ["main"]\n'


@pytest.fixture(scope="module")
def exported() -> Iterator[tuple[Site, Built]]:
    """An app that was built with everything an exporter is told of."""
    with open_site(api="0.15") as site:
        site.install(*(FIXTURES / name for name in ("keeps_cached_layer", "writes_sboms", "two_processes")))
        site.write_source(_SOURCE)
        project = site.root / "home" / "project-metadata.toml"
        project.write_text(_PROJECT)
        for name in ("lifecycle", "launcher"):
            (site.root / "launcher-sbom" / f"{name}.sbom.cdx.json").write_text(_SBOM)
        flags = (
            "-project-metadata",
            str(project),
            "-report",
            str(site.root / "home" / "report.toml"),
            site.name("app2"),
        )
        yield site, site.build(OURS, export=flags, cache=("-cache-dir", str(site.root / "cache")), CNB_EXEC_ENV="test")


def _ready(site: Site, *buildpacks: str) -> None:
    """Bring a site to where the exporter comes."""
    site.install(*(FIXTURES / name for name in buildpacks))
    site.write_source(_SOURCE)
    site.renew()
    for phase in PHASES[:-1]:
        site.run(OURS, phase, *((site.name("app"),) if phase == "analyzer" else ()))


def _export(site: Site, *arguments: str, **env: str) -> Finished:
    return site.try_to_run(OURS, "exporter", "-launcher", str(site.root / "launcher"), *arguments, **env)


class TestImage:
    """What the image says and holds."""

    @pytest.mark.requirement("platform.exporter.same-image", "platform.report-toml.tags", "platform.exporter.report")
    def test_every_name_is_the_same_image(self, exported: tuple[Site, Built]) -> None:
        """All names have one digest, which the report says, where -report says."""
        site, built = exported
        report = tomllib.loads((site.root / "home" / "report.toml").read_text())["image"]

        assert site.read("app2").digest == built.digest == report["digest"]
        assert sorted([site.name("app"), site.name("app2")]) == sorted(report["tags"])

    @pytest.mark.requirement("platform.exporter.exec-env-label", "deviation.exec-env-recorded")
    def test_execution_environment_is_recorded(self, exported: tuple[Site, Built]) -> None:
        """It is a label of its own, and a key of the lifecycle's."""
        _, built = exported

        assert "test" == built.config["config"]["Labels"]["io.buildpacks.exec-env"]
        assert "test" == built.label("io.buildpacks.lifecycle.metadata")["exec-env"]

    @pytest.mark.requirement("platform.project-label.contents")
    def test_project_metadata(self, exported: tuple[Site, Built]) -> None:
        """The label is project-metadata.toml as JSON."""
        _, built = exported

        assert tomllib.loads(_PROJECT) == built.label("io.buildpacks.project.metadata")

    @pytest.mark.requirement("platform.lifecycle-label.store", "buildpack.export.store-stored")
    def test_store(self, exported: tuple[Site, Built]) -> None:
        """A buildpack's store.toml is in the label."""
        _, built = exported
        (keeps, *_) = built.label("io.buildpacks.lifecycle.metadata")["buildpacks"]

        assert {"metadata": {"since": "2026"}} == keeps["store"]

    @pytest.mark.requirement("platform.exporter.sbom-launcher", "platform.exporter.sbom-lifecycle")
    def test_sboms_of_the_lifecycle(self, exported: tuple[Site, Built]) -> None:
        """The launcher's is for the image, the lifecycle's own for the platform."""
        site, _ = exported
        below = site.layers / "sbom"

        assert _SBOM == (below / "launch" / "buildpacksio_lifecycle" / "launcher" / "sbom.cdx.json").read_text()
        assert _SBOM == (below / "build" / "buildpacksio_lifecycle" / "sbom.cdx.json").read_text()

    @pytest.mark.requirement("deviation.env-with-equals")
    def test_values_are_kept_whole(self, exported: tuple[Site, Built]) -> None:
        """A value of the run image that holds ``=`` arrives as it is."""
        _, built = exported

        assert "WITH_EQUALS=a=b=c" in built.config["config"]["Env"]

    @pytest.mark.requirement("platform.exporter.rebasable-label", "deviation.rebasable-computed")
    def test_rebasable(self, exported: tuple[Site, Built]) -> None:
        """Without extensions nothing speaks against a rebase, and the label says so."""
        _, built = exported

        assert "true" == built.config["config"]["Labels"]["io.buildpacks.rebasable"]

    @pytest.mark.requirement("buildpack.export.app-paths")
    def test_paths_of_the_app(self, exported: tuple[Site, Built]) -> None:
        """The app's files are in the image where they were in the build."""
        site, built = exported
        app = built.layers()["Application Layer"]
        found = site.store.find(site.name("app"))
        assert found is not None
        (layer,) = (layer for layer in found.image.layers if layer.diff_id == app)
        with layer.open_blob() as blob, tarfile.open(fileobj=blob, mode="r|gz") as archive:
            names = {"/" + name.lstrip("/") for name in archive.getnames()}

        assert {f"{site.app}/index.html", f"{site.app}/below/file"} <= names


class TestFailures:
    """What the exporter refuses."""

    @pytest.mark.requirement("platform.exporter.image-required", "platform.exporter.image-valid")
    @pytest.mark.parametrize("names", [(), ("not a name",), ("{app}@sha256:" + "0" * 64,)])
    def test_names(self, exported: tuple[Site, Built], names: tuple[str, ...]) -> None:
        """At least one valid tag reference has to be given."""
        site, _ = exported
        finished = _export(site, *(name.replace("{app}", site.name("app")) for name in names))

        assert 0 != finished.code
        assert "Traceback" not in finished.output

    @pytest.mark.requirement("platform.exporter.one-registry")
    def test_one_registry(self, exported: tuple[Site, Built]) -> None:
        """Names of two registries are refused before anything is written."""
        site, _ = exported
        finished = _export(site, site.name("app"), "registry.example.com/app")

        assert 3 == finished.code
        assert "registry.example.com" in finished.stderr

    @pytest.mark.requirement("platform.exporter.exit-codes", "platform.exporter.process-type-unknown")
    def test_unknown_process_type(self, exported: tuple[Site, Built]) -> None:
        """A process type nobody defined is a failure of the export (60-69) that lists those there are."""
        site, built = exported
        finished = _export(site, "-process-type", "wep", site.name("app"))

        assert (62, True) == (finished.code, "worker" in finished.stderr)
        assert built.digest == site.read("app").digest


class TestLayers:
    """Layers from one build to the next."""

    @pytest.mark.requirement(
        "buildpack.layer-types.launch-replaced",
        "buildpack.layer-types.launch-dropped",
        "buildpack.layer-types.untouched-ignored",
        "buildpack.layer-types.launch-reused-metadata",
    )
    def test_second_build(self, exported: tuple[Site, Built]) -> None:
        """A layer made anew replaces the old one; kept ones have new metadata; what is not declared again is gone."""
        site, _ = exported
        directory = site.root / "buildpacks" / "fixtures_changes" / "1.0.0"
        (directory / "bin").mkdir(parents=True)
        (directory / "buildpack.toml").write_text(
            'api = "0.12"\n[buildpack]\nid = "fixtures/changes"\nversion = "1.0.0"\n'
        )
        (directory / "bin" / "detect").write_text("#!/bin/sh\n")
        build = directory / "bin" / "build"
        for program in (directory / "bin" / "detect", build):
            program.touch(mode=0o755)
            program.chmod(0o755)
        site.install(directory)
        declare = (
            'printf "[types]\\nlaunch = true\\n[metadata]\\nbuild = \\"%s\\"\\n" {build} >$CNB_LAYERS_DIR/{name}.toml\n'
        )
        make = "mkdir -p $CNB_LAYERS_DIR/{name}; echo {build} >$CNB_LAYERS_DIR/{name}/file\n"
        names = ("dropped", "kept", "replaced")
        first = "".join((make + declare).format(name=name, build=1) for name in names)
        build.write_text(f"#!/bin/sh\n{first}")
        before = _recorded(site.build(OURS, "changes"))
        second = declare.format(name="kept", build=2) + (make + declare).format(name="replaced", build=2)
        build.write_text(f"#!/bin/sh\n{second}")
        after = _recorded(site.build(OURS, "changes"))

        assert set(names) == set(before)
        assert {"kept", "replaced"} == set(after)
        assert (before["kept"]["sha"], {"build": "2"}) == (after["kept"]["sha"], after["kept"]["data"])
        assert before["replaced"]["sha"] != after["replaced"]["sha"]


def _recorded(built: Built) -> dict[str, dict[str, object]]:
    (recorded,) = built.label("io.buildpacks.lifecycle.metadata")["buildpacks"]
    layers: dict[str, dict[str, object]] = recorded["layers"]
    return layers


class TestCreator:
    """All phases in one."""

    @pytest.mark.requirement("platform.creator.equivalent", "platform.creator.tags")
    def test_equals_the_phases(self, exported: tuple[Site, Built]) -> None:
        """The creator makes the image the phases make, under every tag."""
        site, _ = exported
        site.install(*(FIXTURES / name for name in ("keeps_cached_layer", "writes_sboms", "two_processes")))
        phases = site.build(OURS, "by-phases")
        site.renew()
        launcher = ("-launcher", str(site.root / "launcher"), "-launcher-sbom", str(site.root / "launcher-sbom"))
        site.run(OURS, "creator", *launcher, "-tag", site.name("also"), site.name("by-creator"))

        assert phases.digest == site.read("by-creator").digest == site.read("also").digest

    @pytest.mark.requirement("platform.creator.skip-restore")
    def test_skip_restore(self, exported: tuple[Site, Built]) -> None:
        """With -skip-restore buildpacks find nothing of the last build but their stores."""
        site, _ = exported
        site.install(FIXTURES / "keeps_cached_layer")
        cache = ("-cache-dir", str(site.root / "cache"), "-launcher", str(site.root / "launcher"))
        outputs = []
        for flags in ((), (), ("-skip-restore",)):
            site.renew()
            outputs.append(site.run(OURS, "creator", *cache, *flags, site.name("skipped")).stdout)

        assert "keeping 1" in outputs[1]
        assert "making 1" in outputs[2]

    @pytest.mark.requirement("platform.creator.exit-codes")
    @pytest.mark.parametrize(
        ("buildpack", "flags", "code"),
        [
            ("never_passes", (), 20),
            ("breaks_detect", (), 21),
            ("fails_build", (), 51),
            ("two_processes", ("-process-type", "none"), 62),
            ("two_processes", ("-run-image", "{none}"), 32),
        ],
    )
    def test_exit_codes(self, exported: tuple[Site, Built], buildpack: str, flags: tuple[str, ...], code: int) -> None:
        """The exit code is that of the phase that failed, and no image is written."""
        site, _ = exported
        site.install(FIXTURES / buildpack)
        site.renew()
        given = [flag.replace("{none}", site.name("none")) for flag in flags]
        launcher = ("-launcher", str(site.root / "launcher"))
        finished = site.try_to_run(OURS, "creator", *launcher, *given, site.name("failing"))

        assert code == finished.code, finished.output
        assert site.store.find(site.name("failing")) is None


@pytest.mark.requirement("platform.restorer.skip-layers", "platform.restorer.exit-codes", "platform.restorer.store")
def test_restorer_skips_layers(exported: tuple[Site, Built]) -> None:
    """With -skip-layers no layer and no metadata of one comes back, but the store does; a broken group.toml is told."""
    site, _ = exported
    site.install(FIXTURES / "keeps_cached_layer")
    cache = ("-cache-dir", str(site.root / "cache"))
    site.build(OURS, "restored", cache=cache)
    site.renew()
    site.run(OURS, "analyzer", site.name("restored"))
    site.run(OURS, "detector")
    site.run(OURS, "restorer", *cache, "-skip-layers")
    directory = site.layers / "fixtures_keeps-cached-layer"
    (site.layers / "group.toml").write_text("[[group]\n")
    broken = site.try_to_run(OURS, "restorer", *cache)

    assert ["store.toml"] == sorted(path.name for path in directory.iterdir())
    assert "group.toml" in broken.stderr
    assert 0 != broken.code


@pytest.mark.requirement(
    "platform.buildpack-environment.user-provided",
    "platform.buildpack-environment.operator",
    "buildpack.environment.not-overridden",
)
def test_variables_of_user_and_operator(exported: tuple[Site, Built]) -> None:
    """The user's are files of the platform directory; the operator's win over them where they say so."""
    site, _ = exported
    (site.root / "build-config" / "env").mkdir(parents=True, exist_ok=True)
    (site.root / "build-config" / "env" / "BOTH.override").write_text("operator")
    (site.root / "build-config" / "env" / "DEFAULTED").write_text("operator")
    for name in ("BOTH", "DEFAULTED", "BP_USER"):
        (site.root / "platform" / "env" / name).write_text("user")
    site.install(FIXTURES / "shows_environment")
    said = site.build(OURS, "variables").said["builder"]

    assert ["BOTH=operator", "BP_USER=user", "DEFAULTED=user"] == sorted(
        line for line in said.splitlines() if line.startswith(("BOTH=", "BP_USER=", "DEFAULTED="))
    )


@pytest.mark.requirement("buildpack.security.no-credentials")
def test_buildpacks_see_no_credentials(exported: tuple[Site, Built]) -> None:
    """CNB_REGISTRY_AUTH and DOCKER_CONFIG do not reach a buildpack, even in the creator."""
    site, _ = exported
    site.install(FIXTURES / "shows_environment")
    site.renew()
    secrets = {"CNB_REGISTRY_AUTH": json.dumps({"registry.example.com": "Basic c2VjcmV0"}), "DOCKER_CONFIG": "/nowhere"}
    launcher = ("-launcher", str(site.root / "launcher"))
    finished = site.run(OURS, "creator", *launcher, site.name("secrets"), **secrets)

    assert "c2VjcmV0" not in finished.output
    assert "DOCKER_CONFIG" not in finished.output
