"""The processes an app has without a Procfile, which overrides those of the same name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from buildpacks.ruby.family import Family
from buildpacks.ruby.gemfile_lock import GemfileLock
from buildpacks.sdk import PROFILE, BuildContext, Process, Rules, process, read_text_if_present, shell_script

_PORT = "${PORT:?PORT is not set: it says where the web process listens}"


def default_processes(
    context: BuildContext, lock: GemfileLock, family: Family, tasks: Collection[str], rules: Rules
) -> tuple[Process, ...]:
    """Give the processes that Heroku's pack would declare; the newer one knows ``web`` only."""
    if rules is Rules.CNB:
        commands = _newer(family, has_config_ru=(context.app_dir / "config.ru").is_file())
    else:
        commands = _classic(family, lock, tasks)
    profile = read_text_if_present(context.app_dir / PROFILE)
    return tuple(
        process(name, "bash", "-c", shell_script(command, profile), default=name == "web")
        for name, command in commands.items()
    )


def _classic(family: Family, lock: GemfileLock, tasks: Collection[str]) -> Mapping[str, str]:
    commands = {"rake": "bundle exec rake", "console": "bundle exec irb"}
    if family.at_least(4):
        commands |= {
            "web": "bin/rails server -p ${PORT:-5000} -e $RAILS_ENV",
            "console": "bin/rails console",
        }
    elif family.at_least(3):
        commands |= {"web": "bundle exec rails server -p ${PORT:-5000}", "console": "bundle exec rails console"}
    elif lock.has("thin") and family.is_rack:
        commands["web"] = "bundle exec thin start -R config.ru -e $RACK_ENV -p ${PORT:-5000}"
    elif family.is_rack:
        commands["web"] = "bundle exec rackup config.ru -p ${PORT:-5000}"
    if "jobs:work" in tasks:
        commands["worker"] = "bundle exec rake jobs:work"
    return commands


def _newer(family: Family, *, has_config_ru: bool) -> Mapping[str, str]:
    if family.is_rails:
        return {"web": f'bin/rails server --binding "[::]" --port "{_PORT}" --environment "$RAILS_ENV"'}
    if family.is_rack and has_config_ru:
        return {"web": f'bundle exec rackup --host "[::]" --port "{_PORT}"'}
    return {}
