"""What Heroku does to the app directory besides: programs that can be run, and a place for Rails' process file."""

from __future__ import annotations

from buildpacks.ruby.family import Family
from buildpacks.sdk import BuildContext


def prepare_app_dir(context: BuildContext, family: Family) -> None:
    """Make the files of ``bin`` executable, and ``tmp/pids`` for Rails from 6 on."""
    programs = context.app_dir / "bin"
    if programs.is_dir():
        for file in programs.iterdir():
            if file.is_file() and not file.is_symlink():
                file.chmod(file.stat().st_mode | 0o111)
    if family.at_least(6):
        (context.app_dir / "tmp" / "pids").mkdir(parents=True, exist_ok=True)
