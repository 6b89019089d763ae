"""Where packages come from: the build image's own lists, or the mirror the user sets, and the app's repositories."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from buildpacks.apt.errors import MIRROR_SETTING, KeyNotFoundError, MirrorSettingError
from buildpacks.apt.repositories import ARMOURED, check, parse_line, render
from buildpacks.apt.wanted import NotUnderstoodError, Repository
from buildpacks.sdk import BuildContext, read_bytes_if_present, read_text_if_present, sha256_of

_LIST = "etc/apt/sources.list"
_PARTS = "etc/apt/sources.list.d"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyedRepository:
    """A repository with the bytes of the key it is signed by; None: any key the build image trusts."""

    repository: Repository
    key: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """All sources of a build. ``image`` is the root of the build image when its own lists are used."""

    image: Path | None
    repositories: tuple[KeyedRepository, ...]

    @property
    def described(self) -> str:
        """Say it for the log."""
        base = "the build image's sources" if self.image else f"the sources of {MIRROR_SETTING}"
        own = [one.repository.uri for one in self.repositories if one.repository.origin != MIRROR_SETTING]
        return f"{base} and {', '.join(own)}" if own else base

    @property
    def digest(self) -> str:
        """Digest whatever would change which packages are found."""
        repositories = repr([(render(one.repository, ""), one.key) for one in self.repositories])
        return sha256_of(repr((_image_lists(self.image), repositories)).encode())


def choose_sources(context: BuildContext, repositories: tuple[Repository, ...], root: Path) -> Sources:
    """Decide where packages come from.

    Args:
        context: the build; its settings may name a mirror.
        repositories: those of the app.
        root: root of the build image.

    Raises:
        MirrorSettingError: the setting cannot be read.
        KeyNotFoundError: the key of a repository is not there.
    """
    mirrors = parse_mirrors(context.user_env.get(MIRROR_SETTING, ""), _codename(root))
    keyed = tuple(
        KeyedRepository(repository=one, key=_key(one, context.app_dir, root)) for one in (*mirrors, *repositories)
    )
    return Sources(image=None if mirrors else root, repositories=keyed)


def parse_mirrors(setting: str, codename: str) -> tuple[Repository, ...]:
    """Read the setting: addresses, which stand for the image's release, or whole ``deb`` lines, with commas between.

    Raises:
        MirrorSettingError: a part is neither.
    """
    repositories = []
    for part in filter(None, (part.strip() for part in setting.split(","))):
        try:
            if part.startswith("deb "):
                repositories.append(parse_line(part, MIRROR_SETTING))
            else:
                plain = Repository(uri=part, suites=(codename,), components=("main",), origin=MIRROR_SETTING)
                repositories.append(check(plain))
        except NotUnderstoodError as error:
            raise MirrorSettingError(text=part, problem=str(error)) from None
    return tuple(repositories)


def write_sources(sources: Sources, directory: Path) -> None:
    """Write what apt reads into ``directory``: ``sources.list``, ``sources.list.d`` and the keys."""
    parts = directory / "sources.list.d"
    parts.mkdir(parents=True)
    for name, data in _image_lists(sources.image).items():
        (directory / name).write_bytes(data)
    stanzas = []
    for number, one in enumerate(sources.repositories):
        key_file = ""
        if one.key is not None:
            # apt tells the two forms of a key apart by the name.
            key = directory / f"key-{number}.{'asc' if one.key.lstrip().startswith(ARMOURED.encode()) else 'gpg'}"
            key.write_bytes(one.key)
            key_file = str(key)
        stanzas.append(render(one.repository, key_file))
    (parts / "offramp.sources").write_text("\n".join(stanzas))


def _image_lists(root: Path | None) -> dict[str, bytes]:
    """Read the build image's own lists: path below ``/etc/apt`` → contents."""
    if root is None:
        return {}
    files = [root / _LIST, *sorted((root / _PARTS).glob("*"))]
    return {
        str(file.relative_to(root / "etc/apt")): file.read_bytes()
        for file in files
        if file.is_file() and file.suffix in {".list", ".sources"}
    }


def _key(repository: Repository, app_dir: Path, root: Path) -> bytes | None:
    """Give the key: written out, a file of the app, or one of the build image (an absolute path)."""
    named = repository.signed_by
    if not named:
        return None
    if ARMOURED in named:
        return named.encode()
    inside_app = not named.startswith("/") or named.startswith(f"{app_dir}/")
    file = app_dir / named if inside_app else root / named.lstrip("/")
    key = read_bytes_if_present(file)
    if key is None:
        raise KeyNotFoundError(key=named, uri=repository.uri, origin=repository.origin)
    return key


def _codename(root: Path) -> str:
    for line in (read_text_if_present(root / "etc/os-release") or "").splitlines():
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip("\"'")
    return "stable"
