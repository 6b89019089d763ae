"""Compiling assets and Ruby, and what is kept of both."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from buildpacks.ruby import app_errors
from buildpacks.ruby.bootsnap import settle_bytecode
from buildpacks.ruby.layers.compiled import trim
from buildpacks.ruby.sprockets import settle_assets
from buildpacks.sdk.testing import BuildFailedError
from tests.support.ruby_app import RailsApp


def test_first_build_compiles_once(tmp_path: Path) -> None:
    """Tasks are looked for, assets are compiled and cleaned by one rake, Ruby is compiled for Bootsnap."""
    app = RailsApp(tmp_path)

    app.build()

    assert app.exec_lines == [
        "rake -P --trace",
        "rake assets:precompile assets:clean",
        "bootsnap precompile app lib config",
    ]


def test_packages_of_node_are_not_installed_again(tmp_path: Path) -> None:
    """The tasks of jsbundling-rails and its kin leave what the Node.js buildpack has installed as it is."""
    app = RailsApp(tmp_path)
    app.write({"node_modules/esbuild/package.json": "{}"})

    app.build()

    environment = next(one for one in app.fakes.commands if "assets:precompile" in one.argv).environment
    assert (environment["SKIP_YARN_INSTALL"], environment["SKIP_BUN_INSTALL"]) == ("1", "1")
    assert not Path(environment["npm_config_cache"]).is_relative_to(app.app_dir)


def test_packages_of_node_that_nobody_installed_are_left_to_the_tasks(tmp_path: Path) -> None:
    """Without ``node_modules`` the tasks do what they do everywhere."""
    app = RailsApp(tmp_path)

    app.build()

    environment = next(one for one in app.fakes.commands if "assets:precompile" in one.argv).environment
    assert "SKIP_YARN_INSTALL" not in environment


def test_unchanged_build_runs_nothing_and_has_the_same_assets(tmp_path: Path) -> None:
    """What was compiled is copied into the app, which starts afresh; no program runs."""
    app = RailsApp(tmp_path)
    app.build()
    first = app.products()
    app.start_afresh()

    app.build().layer("compiled").assert_restored()

    assert app.products() == first
    assert app.exec_lines == []


def test_changed_line_compiles_again_over_what_is_kept(tmp_path: Path) -> None:
    """The tasks are known; the last build's assets and Sprockets' cache are there when rake runs."""
    app = RailsApp(tmp_path)
    app.build()
    app.start_afresh()
    app.write({"app/models/shop.rb": "class Shop; NAME = 'x'; end"})

    app.build().layer("compiled").assert_updated(because="the app's source changed")

    assert app.exec_lines == ["rake assets:precompile assets:clean", "bootsnap precompile app lib config"]
    assert "public/assets/application-1.css" in app.seen_by_rake
    assert "tmp/cache/assets/sprockets/entry" in app.seen_by_rake


def test_changed_config_var_compiles_again(tmp_path: Path) -> None:
    """Assets may have the value in them; the cache has only a salted, slow digest of all values."""
    app = RailsApp(tmp_path, user_env={"ASSET_HOST": "cdn.example"})
    app.build()
    app.start_afresh()
    app.user_env["ASSET_HOST"] = "other.example"

    built = app.build()

    built.layer("compiled").assert_updated(because="config vars changed")
    assert "example" not in (app.layers_dir / "compiled.toml").read_text()


def test_settings_of_bundler_compile_nothing_again(tmp_path: Path) -> None:
    """Another mirror of gems makes no other assets."""
    app = RailsApp(tmp_path, user_env={"BUNDLE_MIRROR__ALL": "https://gems.example"})
    app.build()
    app.start_afresh()
    app.user_env["BUNDLE_MIRROR__ALL"] = "https://other.example"

    app.build().layer("compiled").assert_restored()


def test_caches_and_logs_stay_out_of_the_app(tmp_path: Path) -> None:
    """Sprockets' cache is for the next build, unless the app compiles assets at run time."""
    app = RailsApp(tmp_path)
    app.build()
    assert not (app.app_dir / "tmp/cache/assets").exists()
    assert not (app.app_dir / "log/production.log").exists()

    other = RailsApp(tmp_path / "other", {"config/environments/production.rb": "  config.assets.compile = true\n"})
    other.build()
    assert (other.app_dir / "tmp/cache/assets/sprockets/entry").exists()


def test_products_are_the_same_whatever_the_times_of_the_checkout(tmp_path: Path) -> None:
    """Times of files follow from their contents, the manifest from what it lists."""
    products = []
    for at, time in enumerate((1_000_000_000, 1_700_000_000)):
        app = RailsApp(tmp_path / str(at))
        for path in app.app_dir.rglob("*"):
            os.utime(path, (time, time))
        app.build()
        products.append(app.products())

    assert products[0] == products[1]
    assert any("/.sprockets-manifest-" in name for name in products[0])


def test_ruby_is_compiled_for_the_times_files_have_in_the_image(tmp_path: Path) -> None:
    """Bootsnap compares the time of each file; the exporter gives all of them one."""
    app = RailsApp(tmp_path)

    app.build()

    assert {path.stat().st_mtime for path in (app.app_dir / "app").rglob("*.rb")} == {315532801}


def test_bootsnap_that_fails_is_a_warning_each_time(tmp_path: Path) -> None:
    """The app works without; the next build tries again."""
    app = RailsApp(tmp_path, fails={"bootsnap": "bootsnap: undefined method\n"})
    app.build()
    app.start_afresh()

    output = app.build().output

    assert "! Warning: Bootsnap could not compile the app's Ruby" in output
    assert "undefined method" in output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('PG::ConnectionBad: connection to server at "127.0.0.1" failed', app_errors.PrecompileNeedsDatabaseError),
        ("Sprockets::FileNotFound: couldn't find file 'jquery'", app_errors.AssetNotFoundError),
        ("ExecJS::RuntimeUnavailable: Could not find a JavaScript runtime.", app_errors.NoJavaScriptError),
        ("sh: 1: yarn: not found", app_errors.NoJavaScriptError),
        ("NoMethodError: undefined method 'x' for nil", app_errors.PrecompileError),
    ],
)  # fmt: skip
def test_assets_that_do_not_compile(tmp_path: Path, words: str, expected: type[Exception]) -> None:
    """The reason is told by what rake says; frames of gems are left out, the app's own stay."""
    trace = (
        f"rake aborted!\n{words}\n/layers/offramp_ruby/gems/ruby/3.3.0/gems/x-1/lib/x.rb:1:in 'y'\n"
        "/app/config/initializers/shop.rb:3:in '<main>'\nTasks: TOP => assets:precompile\n"
    )
    app = RailsApp(tmp_path, fails={"rake assets:precompile": trace})

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert type(failed.value.error) is expected
    assert words in failed.value.output
    explained = failed.value.error.explain().why
    assert "/app/config/initializers/shop.rb:3" in explained
    assert "/layers/" not in explained


def test_task_that_leaves_no_assets(tmp_path: Path) -> None:
    """A build must not end well with an app that fails at its first page."""
    app = RailsApp(tmp_path, makes_assets=False)

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, app_errors.NoManifestError)


def test_app_with_assets_elsewhere_says_so(tmp_path: Path) -> None:
    """OFFRAMP_RAILS_ASSETS=elsewhere turns the check off."""
    app = RailsApp(tmp_path, makes_assets=False, user_env={"OFFRAMP_RAILS_ASSETS": "elsewhere"})

    app.build()


def test_trim_deletes_what_is_oldest(tmp_path: Path) -> None:
    """Files go in the order of their last change, until the rest fits."""
    for at, name in enumerate(("new", "old", "oldest")):
        (tmp_path / name).write_bytes(b"x" * 10)
        os.utime(tmp_path / name, (1000 - at, 1000 - at))

    trim(tmp_path, limit=15)

    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize("text", ["not json", "[]", '{"assets": {}}', '{"files": {"a.css": 1}}'])
def test_manifest_of_another_form_stays(tmp_path: Path, text: str) -> None:
    """What Sprockets did not write is not ours to change."""
    manifest = tmp_path / "public/assets/manifest-x.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(text)

    settle_assets(tmp_path)

    assert manifest.read_text() == text


def test_manifest_keeps_what_it_lists(tmp_path: Path) -> None:
    """It is sorted, renamed, and without the time of the build."""
    directory = tmp_path / "public/assets"
    directory.mkdir(parents=True)
    table = {"files": {"b.css": {"mtime": "2026-01-01T00:00:00+00:00"}, "a.css": {}}, "assets": {"b.css": "b-1.css"}}
    (directory / ".sprockets-manifest-0123.json").write_text(json.dumps(table))

    settle_assets(tmp_path)

    (manifest,) = directory.iterdir()
    time = "1980-01-01T00:00:01+00:00"
    assert json.loads(manifest.read_text()) == {
        "files": {"a.css": {"mtime": time}, "b.css": {"mtime": time}},
        "assets": {"b.css": "b-1.css"},
    }
    assert manifest.name.startswith(".sprockets-manifest-")


def test_compressed_assets_keep_their_contents(tmp_path: Path) -> None:
    """Only the time in the header goes; what is no gzip is left alone."""
    directory = tmp_path / "public/assets"
    directory.mkdir(parents=True)
    dated = gzip.compress(b"a{}", mtime=1_700_000_000)
    (directory / "a.css.gz").write_bytes(dated)
    (directory / "b.css.gz").write_bytes(b"plain text")

    settle_assets(tmp_path)

    assert (directory / "a.css.gz").read_bytes() == dated[:4] + bytes(4) + dated[8:]
    assert (directory / "b.css.gz").read_bytes() == b"plain text"


def test_bytecode_loses_what_bootsnap_left_unset(tmp_path: Path) -> None:
    """Fifteen bytes of a header of a known version, and nothing else."""
    known = (6).to_bytes(4, "little") + b"x" * 60 + b"code"
    other = (99).to_bytes(4, "little") + b"x" * 60 + b"code"
    directory = tmp_path / "compile-cache-iseq/00"
    directory.mkdir(parents=True)
    for name, data in (("known", known), ("other", other), ("short", b"x")):
        (directory / name).write_bytes(data)

    settle_bytecode(tmp_path)

    assert (directory / "known").read_bytes() == known[:49] + bytes(15) + b"code"
    assert (directory / "other").read_bytes() == other
    assert (directory / "short").read_bytes() == b"x"
