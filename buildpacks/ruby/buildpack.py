"""The Ruby buildpack: from an app's files to Ruby, its gems, its assets, and the environment Heroku apps expect.

The build, top to bottom, is ``RubyBuildpack.build``. What can be wrong with the app's files is looked at first, so
that a build fails early.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from buildpacks.ruby.app_checks import check_app
from buildpacks.ruby.app_dir import prepare_app_dir
from buildpacks.ruby.database_yml import write_database_yml
from buildpacks.ruby.detect import detect_ruby
from buildpacks.ruby.environments import bundler_settings
from buildpacks.ruby.family import find_family
from buildpacks.ruby.gemfile_lock import GEMFILE_LOCK, parse_gemfile_lock
from buildpacks.ruby.layers.bundler import install_bundler
from buildpacks.ruby.layers.compiled import compile_app
from buildpacks.ruby.layers.gems import install_gems
from buildpacks.ruby.layers.ruby import install_ruby
from buildpacks.ruby.layers.settings import write_settings
from buildpacks.ruby.lock_checks import read_lock, remove_committed_bundle
from buildpacks.ruby.processes import default_processes
from buildpacks.ruby.rake_tasks import list_tasks
from buildpacks.ruby.releases import warn_about_ruby
from buildpacks.ruby.ruby_version import remember_ruby, request_ruby
from buildpacks.ruby.rules import SETTING
from buildpacks.ruby.secret_key import settle_secret
from buildpacks.ruby.stack_ruby import StackRuby, find_stack_ruby
from buildpacks.sdk import (
    BuildContext,
    Buildpack,
    BuildResult,
    DetectContext,
    DetectResult,
    names_in,
    read_rules,
    read_text_if_present,
)


class RubyBuildpack(Buildpack):
    """Builds apps that use Bundler: Ruby, Rack and Rails."""

    name = "Ruby"

    def __init__(
        self,
        find_ruby: Callable[[BuildContext], StackRuby | None] = find_stack_ruby,
        today: Callable[[], date] = date.today,
    ) -> None:
        """Use the Ruby that ``find_ruby`` describes as the stack's own; ``today`` decides about warnings only."""
        self._find_ruby = find_ruby
        self._today = today

    def detect(self, context: DetectContext) -> DetectResult:
        """Pass for anything with a Gemfile, so that the build can say precisely what is missing."""
        lock = read_text_if_present(context.app_dir / GEMFILE_LOCK)
        return detect_ruby(names_in(context.app_dir), parse_gemfile_lock(lock or ""))

    def build(self, context: BuildContext) -> BuildResult:
        """Install Ruby, Bundler and the gems; then do what Rails does when it is deployed."""
        rules = read_rules(context.user_env, SETTING)
        lock = read_lock(context)
        family = find_family(lock)
        check_app(context, lock, family)
        remove_committed_bundle(context)
        stack = self._find_ruby(context)
        request = request_ruby(context, lock, stack.version if stack else None, rules)

        ruby = install_ruby(context, request, stack)
        warn_about_ruby(context, ruby.version, self._today())
        bundler = install_bundler(context, lock, ruby, bundler_settings(context))
        gems = install_gems(context, lock, ruby, bundler)

        secret = settle_secret(context, family)
        write_settings(context, family, gems, rules, secret)
        write_database_yml(context, lock)
        tasks = list_tasks(context, gems.bundle, family)
        compile_app(context, gems.bundle, family, tasks)
        prepare_app_dir(context, family)

        return BuildResult(
            processes=default_processes(context, lock, family, tasks, rules),
            labels=(secret.label,) if secret.label else (),
            store={**remember_ruby(ruby.version), **secret.remembered()},
        )
