"""Hooks of the app run as on Heroku."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.sdk import BuildContext, Buildpack, BuildResult, DetectContext, DetectResult, Passed, run_hook
from buildpacks.sdk.testing import AppUnderTest, BuildFailedError


class _Hooked(Buildpack):
    name = "Hooked"

    def detect(self, context: DetectContext) -> DetectResult:
        return Passed(because=context.exec_env)

    def build(self, context: BuildContext) -> BuildResult:
        ran = run_hook(context, "bin/pre_compile", {**context.env, "COLOUR": "green"})
        context.output.step(f"ran: {ran}")
        return BuildResult()


def test_run_hook_not_executable(tmp_path: Path) -> None:
    """A hook without its mode bit runs in the app directory, with the environment it was given."""
    app = AppUnderTest(_Hooked(), tmp_path, {"bin/pre_compile": '#!/bin/sh\necho "$COLOUR in $(pwd)"\n'})

    assert f"    green in {app.app_dir}\n- ran: True\n" in app.build().output


def test_run_hook_absent(tmp_path: Path) -> None:
    """An app without the hook is built without a word about it."""
    assert AppUnderTest(_Hooked(), tmp_path, {"a": ""}).build().output == "Hooked\n- ran: False\n"


def test_run_hook_fails(tmp_path: Path) -> None:
    """A hook that fails ends the build, with its last words and the status."""
    app = AppUnderTest(_Hooked(), tmp_path, {"bin/pre_compile": "#!/bin/sh\necho no key >&2\nexit 3\n"})
    with pytest.raises(BuildFailedError) as caught:
        app.build()

    assert "! Error: The app's hook 'bin/pre_compile' ended with status 3\n  no key\n" in caught.value.output
