"""How mmdebstrap is called and understood."""

from __future__ import annotations

import dataclasses

import pytest

from builder.stacks.mmdebstrap import System, apt_sources, mmdebstrap_arguments, progress_of
from builder.stacks.stack_cache import stack_images
from builder.stacks.stack_toml import read_stack

SYSTEM = System(name="run image", suite="trixie", architecture="arm64", packages=("curl",), locales=("en_US.UTF-8",))


def test_arguments_name_everything() -> None:
    """Suite, architecture and packages are given; the locale sources are there while locales are compiled."""
    arguments = mmdebstrap_arguments(SYSTEM, "unshare")

    assert {"--mode=unshare", "--architectures=arm64", "--include=curl,locales", "trixie"} <= set(arguments)
    assert arguments[-2:] == ("trixie", "-")
    assert next(a for a in arguments if a.startswith("--customize-hook=")).startswith(
        "--customize-hook=LOCALES='en_US.UTF-8'\n"
    )


def test_arguments_without_locales_need_no_sources() -> None:
    """No locale asked for, none compiled."""
    arguments = mmdebstrap_arguments(dataclasses.replace(SYSTEM, locales=()), "root")

    assert "--include=curl" in arguments


def test_sources_default_to_mmdebstraps_own() -> None:
    """Without a setting no source is named."""
    assert apt_sources(read_stack(), {}) == ()


def test_sources_from_the_environment() -> None:
    """The variable holds addresses or whole lines, separated by commas."""
    environ = {"OFFRAMP_DEBIAN_MIRROR": "https://mirror.example/debian, deb https://m.example/s trixie-security main"}

    assert apt_sources(read_stack(), environ) == (
        "deb https://mirror.example/debian trixie main",
        "deb https://m.example/s trixie-security main",
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("I: running apt-get update...\n", "running apt-get update"),
        ("Unpacking libicu76:amd64 (76.1-4) ...\n", "unpacking libicu76"),
        ("Setting up tzdata (2026f-0+deb13u1) ...\n", "setting up tzdata"),
        ("Get:1 file:/x trixie InRelease\n", None),
    ],
)
def test_progress_of(line: str, told: str | None) -> None:
    """Stages and packages are progress, other lines are not."""
    assert progress_of(line) == told


def test_stack_images_change_with_the_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package, architecture or mirror gives other names, so nothing stale is ever used."""
    monkeypatch.delenv("OFFRAMP_DEBIAN_MIRROR", raising=False)
    stack = read_stack()
    names = {
        stack_images(stack, "amd64").run,
        stack_images(stack, "arm64").run,
        stack_images(dataclasses.replace(stack, run_packages=("curl",)), "amd64").run,
    }
    monkeypatch.setenv("OFFRAMP_DEBIAN_MIRROR", "https://mirror.example/debian")
    names.add(stack_images(stack, "amd64").run)

    assert len(names) == 4
