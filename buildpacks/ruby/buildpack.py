"""The Ruby buildpack: from an app's files to Ruby, its gems, its assets, and the environment Heroku apps expect.

The build, top to bottom, is ``RubyBuildpack.build``. What can be wrong with the app's files is looked at first, so
that a build fails early.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from buildpacks.ruby.detect import detect_ruby
from buildpacks.ruby.environments import bundler_settings
from buildpacks.ruby.layers.bundler import install_bundler
from buildpacks.ruby.layers.gems import install_gems
from buildpacks.ruby.layers.ruby import install_ruby
from buildpacks.ruby.lock_checks import read_lock, remove_committed_bundle
from buildpacks.ruby.releases import warn_about_ruby
from buildpacks.ruby.ruby_version import remember_ruby, request_ruby
from buildpacks.ruby.rules import SETTING
from buildpacks.ruby.stack_ruby import StackRuby, find_stack_ruby
from buildpacks.sdk import (
    BuildContext,
    Buildpack,
    BuildResult,
    DetectContext,
    DetectResult,
    names_in,
    read_rules,
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
        return detect_ruby(names_in(context.app_dir))

    def build(self, context: BuildContext) -> BuildResult:
        """Install Ruby, Bundler and the gems; then do what Rails does when it is deployed."""
        rules = read_rules(context.user_env, SETTING)
        lock = read_lock(context)
        remove_committed_bundle(context)
        stack = self._find_ruby(context)
        request = request_ruby(context, lock, stack.version if stack else None, rules)

        ruby = install_ruby(context, request, stack)
        warn_about_ruby(context, ruby.version, self._today())
        bundler = install_bundler(context, lock, ruby, bundler_settings(context))
        install_gems(context, lock, ruby, bundler)

        return BuildResult(store=remember_ruby(ruby.version))
