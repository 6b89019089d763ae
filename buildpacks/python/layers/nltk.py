"""The layer with NLTK's data: the packages that the app lists in ``nltk.txt``, as on Heroku."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from buildpacks.python.errors import NltkError
from buildpacks.python.layers.dependencies import Dependencies
from buildpacks.sdk import BuildContext, CommandFailedError, LayerEnv, LayerTypes, Rules, read_text_if_present, shown

NLTK_FILE = "nltk.txt"
INDEX_SETTING = "OFFRAMP_NLTK_INDEX"
_TYPES = LayerTypes(build=True, cache=True, launch=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class NltkKey:
    """What the layer's contents depend on."""

    packages: tuple[str, ...] = shown("list of packages")
    index: str = shown("index")


def install_nltk_data(
    context: BuildContext, rules: Rules, dependencies: Dependencies, environment: Mapping[str, str]
) -> dict[str, str]:
    """Download the data where NLTK is installed, and give the environment in which it is found.

    Raises:
        NltkError: the downloader failed.
    """
    unchanged = dict(environment)
    if rules is not Rules.CLASSIC or not dependencies.has("nltk"):
        return unchanged
    text = read_text_if_present(context.app_dir / NLTK_FILE)
    if text is None:
        context.output.step(f"Downloading no data for NLTK, since there is no {NLTK_FILE}")
        return unchanged
    packages = parse_packages(text)
    if not packages:
        context.output.step(f"Downloading no data for NLTK, since {NLTK_FILE} is empty")
        return unchanged
    index = context.user_env.get(INDEX_SETTING, "")
    layer = context.layer("nltk", NltkKey(packages=packages, index=index), types=_TYPES)
    context.output.state("data for NLTK", layer.state)
    layer.env = LayerEnv().override("NLTK_DATA", layer.path / "nltk_data")
    if not layer.is_restored:
        where = ("--url", index) if index else ()
        to = layer.path / "nltk_data"
        try:
            with context.output.timed(f"Downloading data for NLTK: {', '.join(packages)}"):
                context.run(dependencies.python, "-m", "nltk.downloader", *where, "-d", to, *packages, env=environment)
        except CommandFailedError as error:
            raise NltkError(packages=packages, last_lines=error.last_lines) from error
    return layer.apply_env(environment)


def parse_packages(text: str) -> tuple[str, ...]:
    """Read the names, one a line; what follows a ``#`` is a comment."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))
