"""Builds against the specification: buildpack.md "Phase #2"–"#4", "Layer Types"; platform.md "exporter"."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from lifecycle_py.errors import BuildpackFailedError, BuildpackOutputError
from lifecycle_py.exporter import Exported
from lifecycle_py.oci.compression import open_uncompressed
from lifecycle_py.oci.model import Layer
from tests.support.trees import write_tree
from tests.support.workshop import Workshop, label

_LAYERS = "fixtures/all-layer-types"


def _members(layer: Layer) -> list[tarfile.TarInfo]:
    with (
        layer.open_blob() as blob,
        open_uncompressed(blob) as tar,
        tarfile.open(fileobj=io.BytesIO(tar.read())) as archive,
    ):
        return archive.getmembers()


def _exported(exported: Exported, buildpack: str) -> list[str]:
    prefix = f"{buildpack}: "
    return [layer.name.removeprefix(prefix) for layer in exported.layers if layer.name.startswith(prefix)]


class TestLayerTypes:
    """What becomes of a layer by its types."""

    @pytest.mark.requirement(
        "buildpack.layer-types.launch-in-image", "platform.exporter.launch-layers", "buildpack.layer-types.three"
    )
    def test_launch(self, workshop: Workshop) -> None:
        """Launch layers MUST be in the app image, sorted by name, and no others."""
        assert ["all", "bl", "cl", "l"] == _exported(workshop.create("all_layer_types"), _LAYERS)

    @pytest.mark.requirement(
        "buildpack.layer-types.cache-stored", "platform.exporter.cache-contents", "platform.exporter.cache-metadata"
    )
    def test_cache(self, workshop: Workshop) -> None:
        """Cache layers MUST be kept for the next build, and no others."""
        workshop.create("all_layer_types")

        assert ["all", "bc", "c", "cl"] == sorted(workshop.cache.contents().buildpacks[0].layers)

    @pytest.mark.requirement("buildpack.layer-types.build-visible")
    def test_build(self, workshop: Workshop) -> None:
        """Layers that are not build layers MUST NOT be in the environment of later buildpacks."""
        workshop.create("sets_environment shows_environment")

        shown = "\n".join(workshop.output())
        assert ("fixtures_sets-environment/tools/bin" in shown, "launched/bin" in shown) == (True, False)

    @pytest.mark.requirement("buildpack.layer-types.ignored-renamed", "buildpack.layer-types.unset")
    def test_ignored(self, workshop: Workshop) -> None:
        """A layer of no type MUST be set aside as ``<layer>.ignore``."""
        workshop.create("all_layer_types")

        assert (workshop.layers / "fixtures_all-layer-types" / "none.ignore" / "file").exists()

    @pytest.mark.requirement(
        "buildpack.layer-types.launch-metadata", "platform.lifecycle-label.layers", "buildpack.export.metadata-stored"
    )
    def test_metadata(self, workshop: Workshop) -> None:
        """A launch layer's metadata MUST be in the image, to be restored without types."""
        (recorded,) = label(workshop.create("all_layer_types"), "io.buildpacks.lifecycle.metadata")["buildpacks"]

        assert {"name": "l"} == recorded["layers"]["l"]["data"]


class TestImage:
    """What the app image is made of."""

    @pytest.mark.requirement("buildpack.export.layer-path")
    def test_paths(self, workshop: Workshop) -> None:
        """A layer's contents MUST be in the image at the path they had in the build."""
        exported = workshop.create("keeps_cached_layer")

        names = [member.name for member in _members(exported.layers[0].layer)]
        directory = f"{workshop.layers}/fixtures_keeps-cached-layer/runtime"
        assert [directory, f"{directory}/bin", f"{directory}/bin/run"] == names[-3:]

    @pytest.mark.requirement("platform.exporter.constant-times")
    def test_times_and_owners(self, workshop: Workshop) -> None:
        """Times MUST be the same in every build; files belong to the user of the build, the launcher's to root."""
        exported = workshop.create("two_processes")

        def own(name: str) -> bool:
            return name.startswith((str(workshop.app), f"{workshop.layers}/config", "/cnb"))

        facts = {
            layer.name: {
                (member.mtime, member.uid, member.uname) for member in _members(layer.layer) if own(member.name)
            }
            for layer in exported.layers
        }
        user, root = {(315532801, 1000, "")}, {(315532801, 0, "")}
        assert {"app": user, "launcher": root, "config": user, "process types": root} == facts

    @pytest.mark.requirement(
        "platform.exporter.run-layers-kept", "platform.exporter.run-image-labels", "platform.exporter.run-from-analyzed"
    )
    def test_base(self, workshop: Workshop) -> None:
        """The layers of the run image MUST come first, unchanged; its labels and user are inherited."""
        exported = workshop.create("always_passes")
        run = workshop.store.find("example/run:13")

        assert run is not None
        assert run.image.layers[0].blob == exported.image.layers[0].blob
        assert run.image.config.labels.items() <= exported.image.config.labels.items()

    @pytest.mark.requirement("platform.exporter.default-process", "buildpack.export.entrypoint")
    def test_entrypoint(self, workshop: Workshop) -> None:
        """With a default process its link is the entry point, and there MUST be no Cmd."""
        config = workshop.create("two_processes").image.config

        assert (("/cnb/process/web",), ()) == (config.entrypoint, config.cmd)

    @pytest.mark.requirement(
        "platform.reproducibility.same-image-id",
        "platform.reproducibility.same-digest",
        "platform.reproducibility.labels",
    )
    def test_reproducible(self, workshop: Workshop) -> None:
        """Equal inputs MUST give an equal image, whatever their times."""
        first = workshop.create("keeps_cached_layer two_processes").saved
        (workshop.app / "version").touch()

        assert first == workshop.create("keeps_cached_layer two_processes").saved

    @pytest.mark.requirement("buildpack.slices.layer-each", "buildpack.slices.removed", "buildpack.slices.rest")
    def test_slices(self, workshop: Workshop) -> None:
        """A file MUST be in the first slice that takes it and in no other layer."""
        write_tree(workshop.app, {"README.md": "", "static/x": ""})

        exported = workshop.create("two_slices")

        files = [
            member.name.removeprefix(f"{workshop.app}/")
            for layer in exported.layers
            if layer.name == "app" or layer.name.startswith("slice")
            for member in _members(layer.layer)
            if member.isreg()
        ]
        assert ["README.md", "static/x", "index.html", "version"] == files


class TestExitCodes:
    """Exit statuses of the builder."""

    @pytest.mark.requirement("platform.builder.exit-51", "buildpack.build.failure")
    @pytest.mark.parametrize("status", [1, 100, 255])
    def test_failed(self, workshop: Workshop, status: int) -> None:
        """Any status of ``bin/build`` but 0 is a buildpack's failure (51)."""
        workshop.write_buildpack("ends", {"bin/build": f"#!/bin/sh\nexit {status}\n"})

        with pytest.raises(BuildpackFailedError) as error:
            workshop.create("ends")

        assert 51 == error.value.exit_code

    @pytest.mark.requirement("buildpack.layers-dir.reserved-names")
    @pytest.mark.parametrize("name", ["build", "launch", "store"])
    def test_reserved_layer_names(self, workshop: Workshop, name: str) -> None:
        """``build``, ``launch`` and ``store`` are documents, so a directory of that name MUST NOT become a layer."""
        script = f'#!/bin/sh\nmkdir -p "$CNB_LAYERS_DIR/{name}"\n'
        workshop.write_buildpack("reserved", {"bin/build": script})

        assert [] == _exported(workshop.create("reserved"), "fixtures/reserved")

    @pytest.mark.requirement("platform.builder.exit-others", "buildpack.sbom.declared")
    def test_invalid(self, workshop: Workshop) -> None:
        """Output that breaks the specification is another error of the build (52)."""
        with pytest.raises(BuildpackOutputError) as error:
            workshop.create("undeclared_sbom")

        assert 52 == error.value.exit_code


class TestSbom:
    """Bills of materials."""

    @pytest.mark.requirement(
        "platform.exporter.sbom-layer",
        "platform.exporter.sbom-launch-file",
        "platform.exporter.sbom-layer-file",
        "buildpack.sbom.launch",
        "platform.lifecycle-label.sbom",
    )
    def test_launch(self, workshop: Workshop) -> None:
        """Those for launch MUST be in the image below ``<layers>/sbom/launch``, and their layer in the label."""
        exported = workshop.create("writes_sboms")

        layer = next(one.layer for one in exported.layers if one.name == "sbom")
        below = f"{workshop.layers}/sbom/launch/fixtures_writes-sboms"
        assert {f"{below}/sbom.cdx.json", f"{below}/cached/sbom.cdx.json"} == {
            member.name for member in _members(layer) if member.isreg()
        }
        assert layer.diff_id == label(exported, "io.buildpacks.lifecycle.metadata")["sbom"]["sha"]

    @pytest.mark.requirement("buildpack.sbom.build")
    def test_build_and_cache(self, workshop: Workshop) -> None:
        """Those for build and cache stay on disk for the platform."""
        workshop.create("writes_sboms")

        found = sorted(path.relative_to(workshop.layers / "sbom").parts[0] for path in _files(workshop.layers / "sbom"))
        assert ["build", "cache", "launch", "launch"] == found


def _files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]
