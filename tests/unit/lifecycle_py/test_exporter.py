"""The export phase: the image, its labels and its report, and what is neither read nor written again."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from lifecycle_py.errors import BuildpackFailedError, DefaultProcessError, LayerNotReusableError
from lifecycle_py.exporter import Exported
from lifecycle_py.oci.compression import Compression, open_uncompressed
from lifecycle_py.oci.model import Image, Layer
from lifecycle_py.oci.store import ImageStore, SavedImage
from lifecycle_py.output import Kind
from lifecycle_py.spec.project_metadata_toml import ProjectMetadata
from lifecycle_py.spec.toml_file import read_toml
from tests.support.trees import read_tree, write_tree
from tests.support.workshop import APP_IMAGE, Workshop, label


def own_titles(exported: Exported) -> list[str]:
    """Give the history of the layers above the run image."""
    return [entry.created_by for entry in exported.image.config.history[exported.run_layers :]]


def _names(layer: Layer) -> list[str]:
    with layer.open_blob() as blob, open_uncompressed(blob) as tar:
        return tarfile.open(fileobj=io.BytesIO(tar.read())).getnames()


def _layer(exported: Exported, name: str) -> Layer:
    return next(one.layer for one in exported.layers if one.name == name)


@pytest.mark.requirement(
    "platform.exporter.app-layers", "platform.exporter.config-layer", "platform.exporter.run-layers-kept"
)
def test_export_orders_layers_as_the_reference_does(workshop: Workshop) -> None:
    """Run image, buildpacks' layers by group and name, SBOM, app, launcher, config, process types."""
    exported = workshop.create("keeps_cached_layer all_layer_types writes_sboms two_processes")

    by = "Created by buildpack: fixtures"
    assert [
        f"Layer: 'runtime', {by}/keeps-cached-layer@1.0.0",
        f"Layer: 'all', {by}/all-layer-types@1.0.0",
        f"Layer: 'bl', {by}/all-layer-types@1.0.0",
        f"Layer: 'cl', {by}/all-layer-types@1.0.0",
        f"Layer: 'l', {by}/all-layer-types@1.0.0",
        f"Layer: 'cached', {by}/writes-sboms@1.0.0",
        "Software Bill-of-Materials",
        "Application Layer",
        "Buildpacks Application Launcher",
        "Buildpacks Launcher Config",
        "Buildpacks Process Types",
    ] == own_titles(exported)
    assert (1, 12) == (exported.run_layers, len(exported.image.layers))


@pytest.mark.requirement(
    "platform.exporter.env-layers",
    "platform.exporter.env-path",
    "platform.exporter.env-platform-api",
    "platform.exporter.working-dir",
    "platform.exporter.no-default",
    "platform.exporter.run-config-kept",
    "platform.exporter.constant-created",
    "platform.exporter.history",
)
def test_export_configures_the_image(workshop: Workshop) -> None:
    """The run image's configuration stays, with the launcher in front."""
    config = workshop.create("two_processes").image.config

    assert (
        "PATH=/cnb/process:/cnb/lifecycle:/usr/bin:/bin",
        "LANG=C.UTF-8",
        f"CNB_LAYERS_DIR={workshop.layers}",
        f"CNB_APP_DIR={workshop.app}",
        "CNB_PLATFORM_API=0.15",
        "CNB_DEPRECATION_MODE=quiet",
    ) == config.env
    assert (("/cnb/process/web",), (), str(workshop.app), "1000:1000") == (
        config.entrypoint,
        config.cmd,
        config.working_dir,
        config.user,
    )
    assert "debian" == config.labels["io.buildpacks.base.distro.name"]
    assert ("1980-01-01T00:00:01Z", "1980-01-01T00:00:01Z") == (config.created, config.history[0].created)


@pytest.mark.requirement("platform.exporter.process-type")
@pytest.mark.parametrize(
    ("group", "chosen", "entrypoint"),
    [
        ("always_passes", "", "/cnb/lifecycle/launcher"),
        ("two_processes redefines_web", "", "/cnb/lifecycle/launcher"),
        ("two_processes", "worker", "/cnb/process/worker"),
    ],
)
def test_export_starts_the_default_process(workshop: Workshop, group: str, chosen: str, entrypoint: str) -> None:
    """The user's choice wins over the buildpacks'; without either the launcher itself starts."""
    assert (entrypoint,) == workshop.create(group, default_process=chosen).image.config.entrypoint


@pytest.mark.requirement("platform.exporter.process-type-unknown")
def test_export_refuses_a_default_process_that_is_not_there(workshop: Workshop) -> None:
    """The error lists the processes there are, and nothing is saved."""
    with pytest.raises(DefaultProcessError) as error:
        workshop.create("two_processes", default_process="wep")

    assert (62, ["web", "worker"]) == (error.value.exit_code, list(error.value.known))
    assert ("Did you mean 'web'?",) == error.value.explain().fix
    assert None is workshop.store.find(APP_IMAGE)


@pytest.mark.requirement("platform.exporter.source-date-epoch")
def test_export_honours_source_date_epoch(workshop: Workshop) -> None:
    """``created`` is the moment given; layers do not depend on it."""
    usual = workshop.create("always_passes")
    dated = workshop.create("always_passes", source_date_epoch=1_700_000_000)

    assert "2023-11-14T22:13:20Z" == dated.image.config.created
    assert {"2023-11-14T22:13:20Z"} == {entry.created for entry in dated.image.config.history[dated.run_layers :]}
    assert [one.layer.diff_id for one in usual.layers] == [one.layer.diff_id for one in dated.layers]


@pytest.mark.requirement(
    "platform.lifecycle-label.app",
    "platform.lifecycle-label.config",
    "platform.lifecycle-label.launcher",
    "platform.lifecycle-label.process-types",
    "platform.lifecycle-label.buildpacks",
    "platform.lifecycle-label.layers",
    "platform.lifecycle-label.run-top-layer",
    "platform.lifecycle-label.run-reference",
    "platform.lifecycle-label.run-name",
    "platform.exporter.labels",
)
def test_export_records_every_layer_in_the_label(workshop: Workshop) -> None:
    """``io.buildpacks.lifecycle.metadata`` is exact, in the reference's key order."""
    exported = workshop.create("keeps_cached_layer two_processes")

    diff_ids = [layer.diff_id for layer in exported.image.layers]
    expected = {
        "app": [{"sha": diff_ids[2]}],
        "buildpacks": [
            {
                "key": "fixtures/keeps-cached-layer",
                "version": "1.0.0",
                "layers": {
                    "runtime": {
                        "sha": diff_ids[1],
                        "data": {"version": "1"},
                        "build": False,
                        "launch": True,
                        "cache": True,
                    }
                },
                "store": {"metadata": {"since": "2026"}},
            },
            {"key": "fixtures/two-processes", "version": "1.0.0", "layers": {}},
        ],
        "config": {"sha": diff_ids[4]},
        "launcher": {"sha": diff_ids[3]},
        "process-types": {"sha": diff_ids[5]},
        "runImage": {
            "topLayer": diff_ids[0],
            "reference": f"example/run:13@{workshop.run_image.digest}",
            "image": "example/run:13",
        },
        "stack": {"runImage": {"image": "example/run:13"}},
        "exec-env": "production",
    }
    text = exported.image.config.labels["io.buildpacks.lifecycle.metadata"]
    assert json.dumps(expected, separators=(",", ":")) == text


@pytest.mark.requirement(
    "platform.build-label.processes",
    "platform.build-label.buildpacks",
    "platform.build-label.launcher-version",
    "deviation.build-label-api",
)
def test_export_records_processes_in_the_label(workshop: Workshop) -> None:
    """``io.buildpacks.build.metadata`` is exact, with Go's escapes."""
    exported = workshop.create("two_processes", project=ProjectMetadata(source_type="git", version={"commit": "1&2"}))

    text = exported.image.config.labels["io.buildpacks.build.metadata"]
    assert (
        '{"buildpacks":[{"id":"fixtures/two-processes","version":"1.0.0"}],'
        '"launcher":{"version":"1.2.3","source":{"git":{"repository":"","commit":""}}},'
        '"processes":['
        '{"type":"web","command":["serve"],"args":[],"direct":true,"default":true,'
        '"buildpackID":"fixtures/two-processes","working-dir":"/elsewhere"},'
        '{"type":"worker","command":["sh","-c"],"args":["echo \'work\' \\u003cnow\\u003e"],"direct":true,'
        '"buildpackID":"fixtures/two-processes"}],'
        '"buildpack-default-process-type":"web"}'
    ) == text
    project = exported.image.config.labels["io.buildpacks.project.metadata"]
    assert '{"source":{"type":"git","version":{"commit":"1\\u00262"}}}' == project
    assert "production" == exported.image.config.labels["io.buildpacks.exec-env"]


@pytest.mark.requirement("buildpack.export.labels")
def test_export_keeps_the_homepage_and_buildpacks_labels(workshop: Workshop) -> None:
    """Labels of launch.toml are in the image; buildpacks are named with their homepage."""
    exported = workshop.create("always_passes two_processes redefines_web")

    assert "https://example.org/always" == label(exported, "io.buildpacks.build.metadata")["buildpacks"][0]["homepage"]
    assert "redefines" == exported.image.config.labels["org.example.from"]


def test_export_accepts_dates_in_a_layers_metadata(workshop: Workshop) -> None:
    """TOML has dates, JSON has not: in label and cache they are text."""
    script = (
        '#!/bin/sh\ncd "$CNB_LAYERS_DIR"\n[ -f l.toml ] && cat l.toml\nmkdir -p l\n'
        "printf '[types]\\ncache = true\\nlaunch = true\\n[metadata]\\nat = 2026-01-02T03:04:05Z\\nday = 2026-01-02\\n'"
        " >l.toml\n"
    )
    workshop.write_buildpack("dated", {"bin/build": script})

    exported = workshop.create("dated")
    workshop.create("dated")

    (recorded,) = label(exported, "io.buildpacks.lifecycle.metadata")["buildpacks"]
    assert {"at": "2026-01-02T03:04:05Z", "day": "2026-01-02"} == recorded["layers"]["l"]["data"]
    assert 'at = "2026-01-02T03:04:05Z"' in workshop.output()


@pytest.mark.requirement("platform.report-toml.tags", "platform.report-toml.digest", "platform.exporter.report")
def test_export_writes_a_report(workshop: Workshop) -> None:
    """``report.toml`` says what was saved under which names."""
    saved = workshop.create("always_passes", references=(APP_IMAGE, "example/app:2")).saved

    assert {
        "image": {
            "tags": [APP_IMAGE, "example/app:2"],
            "digest": saved.digest,
            "image-id": saved.image_id,
            "manifest-size": saved.manifest_size,
        }
    } == read_toml(workshop.layers / "report.toml").data


@pytest.mark.requirement("platform.exporter.launcher-file", "platform.exporter.process-links")
def test_export_puts_the_launchers_files_where_the_spec_says(workshop: Workshop) -> None:
    """Launcher, process types and the launcher's metadata have fixed places."""
    exported = workshop.create("two_processes")

    assert ["/cnb", "/cnb/lifecycle", "/cnb/lifecycle/launcher"] == _names(_layer(exported, "launcher"))
    assert ["/cnb", "/cnb/process", "/cnb/process/web", "/cnb/process/worker"] == _names(
        _layer(exported, "process types")
    )
    assert f"{workshop.layers}/config/metadata.toml" == _names(_layer(exported, "config"))[-1]


@pytest.mark.requirement("buildpack.slices.layer-each", "buildpack.slices.rest")
def test_export_cuts_the_app_into_slices(workshop: Workshop) -> None:
    """Each slice has its files, an absent one is empty, the rest has what is left."""
    write_tree(workshop.app, {"static/a.css": "", "static/b.js": "", "static/deep/c": "", "README.md": ""})

    exported = workshop.create("two_slices")

    def below_app(name: str) -> list[str]:
        root = str(workshop.app)
        return [path.removeprefix(root) for path in _names(_layer(exported, name)) if path.startswith(root)]

    assert ["", "/README.md", "/static", "/static/a.css", "/static/b.js", "/static/deep", "/static/deep/c"] == (
        below_app("slice 1")
    )
    assert [] == _names(_layer(exported, "slice 2"))
    assert ["", "/index.html", "/version"] == below_app("app")
    titles = own_titles(exported)
    assert ["Application Slice: 1", "Application Slice: 2", "Application Slice: 3"] == titles[:3]
    assert 3 == len(label(exported, "io.buildpacks.lifecycle.metadata")["app"])


@pytest.mark.requirement("buildpack.layer-types.launch-reused")
def test_export_reuses_a_launch_layer_of_the_previous_image(workshop: Workshop) -> None:
    """Metadata without contents means the layer of the previous image, with its diff ID and blob."""
    first = workshop.create("reuses_launch_layer")

    second = workshop.create("reuses_launch_layer")

    assert ["reusing assets"] == workshop.output()
    assert first.layers[0].layer.blob == second.layers[0].layer.blob
    assert (True, False) == (second.layers[0].reused, second.layers[0].read)
    assert first.saved.digest == second.saved.digest


@pytest.mark.requirement("buildpack.export.missing-layer")
def test_export_cannot_reuse_a_layer_there_never_was(workshop: Workshop) -> None:
    """Without a previous image there is nothing to reuse."""
    write_tree(workshop.app, {"reuse-assets": ""})

    with pytest.raises(LayerNotReusableError) as error:
        workshop.create("reuses_launch_layer")

    assert 62 == error.value.exit_code
    assert None is workshop.store.find(APP_IMAGE)


def test_export_does_not_cache_a_layer_without_contents(workshop: Workshop) -> None:
    """A cache layer that is metadata only costs a warning, as in the reference."""
    script = "#!/bin/sh\nprintf '[types]\\ncache = true\\n' >\"$CNB_LAYERS_DIR/l.toml\"\n"
    workshop.write_buildpack("hollow", {"bin/build": script})

    workshop.create("hollow")

    assert () == workshop.cache.contents().buildpacks
    assert ["Not caching layer 'l' of fixtures/hollow@1.0.0: it has no contents"] == workshop.reporter.texts(
        Kind.WARNING
    )


@pytest.mark.parametrize("compression", Compression)
def test_export_compresses_as_told(workshop: Workshop, compression: Compression) -> None:
    """New layers have the media type of their compression, diff IDs do not depend on it."""
    exported = workshop.create("two_processes", compression=compression)

    assert {compression.media_type} == {one.layer.blob.media_type for one in exported.layers}


def test_export_changes_nothing_of_the_app(workshop: Workshop) -> None:
    """The app directory is read only."""
    before = read_tree(workshop.app)

    workshop.create("always_passes")

    assert before == read_tree(workshop.app)


def test_export_saves_nothing_after_a_failed_build(workshop: Workshop) -> None:
    """Store and cache are as they were."""
    first = workshop.create("keeps_cached_layer")
    cache = workshop.cache.contents()
    write_tree(workshop.app, {"version": "2"})

    with pytest.raises(BuildpackFailedError):
        workshop.create("keeps_cached_layer fails_build")

    found = workshop.store.find(APP_IMAGE)
    assert found is not None
    assert (first.saved.digest, cache.buildpacks) == (found.digest, workshop.cache.contents().buildpacks)


@pytest.mark.requirement("platform.exporter.history")
def test_export_completes_a_history_that_does_not_fit(workshop: Workshop) -> None:
    """A run image without history gets a line for each layer, so that readers can pair layers and lines."""
    image = workshop.create("two_processes").image

    assert len(image.layers) == sum(not entry.empty_layer for entry in image.config.history)


@pytest.mark.requirement("deviation.exec-env-same-type", "platform.metadata-toml.exec-env")
def test_processes_for_different_environments_stand_side_by_side(workshop: Workshop) -> None:
    """A ``web`` for tests and one for production are both kept; a later one for either takes its place."""

    def script(word: str, exec_env: str) -> dict[str, str]:
        process = f'[[processes]]\ntype = "web"\ncommand = ["{word}"]\nexec-env = ["{exec_env}"]\n'
        return {"bin/build": f"#!/bin/sh\ncat >$CNB_LAYERS_DIR/launch.toml <<'END'\n{process}END\n"}

    workshop.write_buildpack("tests", script("for-tests", "test"))
    workshop.write_buildpack("serves", script("serves", "production"))
    workshop.write_buildpack("serves-better", script("serves-better", "production"))
    exported = workshop.create("tests serves serves-better")
    processes = label(exported, "io.buildpacks.build.metadata")["processes"]

    assert [["for-tests"], ["serves-better"]] == [process["command"] for process in processes]


@pytest.mark.requirement(
    "buildpack.layer-types.exec-env",
    "deviation.exec-env-of-layers",
    "deviation.exec-env-previous",
    "platform.exec-env.other-previous",
)
def test_layers_for_another_environment_are_not_restored(workshop: Workshop) -> None:
    """What a buildpack keeps for tests does not come back while production is built."""
    script = (
        "#!/bin/sh\ncd $CNB_LAYERS_DIR; for env in test production; do test -e $env.toml && echo found $env\n"
        "mkdir -p $env; printf '[types]\\ncache = true\\nexec-env = [\"%s\"]\\n' $env >$env.toml; done; true\n"
    )
    workshop.write_buildpack("keeps", {"bin/build": script})
    workshop.create("keeps")
    workshop.create("keeps")

    assert ["found production"] == workshop.output()


class _WaitingStore:
    """A store that saves an image only after ``ready``, or gives up."""

    def __init__(self, store: ImageStore, ready: threading.Event) -> None:
        self._store = store
        self._ready = ready

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, image: Image, references: Sequence[str]) -> SavedImage:
        assert self._ready.wait(20), "nothing was kept while the image was being saved"
        return self._store.save(image, references)


@pytest.mark.requirement("platform.exporter.parallel")
def test_parallel_keeps_the_cache_while_the_image_is_saved(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow store does not hold up the cache."""
    kept = threading.Event()
    update = workshop.cache.update

    @contextlib.contextmanager
    def updating() -> Iterator[object]:
        with update() as gathered:
            yield gathered
        kept.set()

    monkeypatch.setattr(workshop.cache, "update", updating)
    monkeypatch.setattr(workshop, "store", _WaitingStore(workshop.store, kept))
    exported = workshop.create("keeps_cached_layer", parallel=True)

    assert exported.saved.digest
