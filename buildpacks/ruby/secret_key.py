"""SECRET_KEY_BASE, with which Rails signs sessions: not in the image, as whoever can pull that could forge them.

Heroku puts a random one into every slug. Here a build uses a stand-in, the image's label says that the app needs the
variable, and the translation to Kubernetes asks for it. OFFRAMP_RAILS_SECRET_KEY_BASE=image does as Heroku.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from buildpacks.ruby.bundle import Bundle
from buildpacks.ruby.family import Family
from buildpacks.sdk import BuildContext, Label, TomlTable

VARIABLE, SETTING = "SECRET_KEY_BASE", "OFFRAMP_RAILS_SECRET_KEY_BASE"
LABEL = "dev.offramp.environment"
_VERSION = 1
_IN_IMAGE = "image"
_BYTES = 64
_STORE_KEY = "secret_key_base"
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretKey:
    """What an app has for a secret: ``value`` is in the image, or empty; ``label`` says what it has to be given."""

    value: str = ""
    label: Label | None = None

    def remembered(self) -> TomlTable:
        """Give what the next build has to know."""
        return {_STORE_KEY: self.value} if self.value else {}


def settle_secret(context: BuildContext, family: Family) -> SecretKey:
    """Decide where the app's secret comes from; only Rails from 4.1 on has one."""
    if not family.at_least(4, 1):
        return SecretKey()
    if context.user_env.get(SETTING, "").strip() == _IN_IMAGE:
        kept = context.store.get(_STORE_KEY)
        whole = isinstance(kept, str) and len(kept) == 2 * _BYTES and set(kept) <= _DIGITS
        return SecretKey(value=str(kept) if whole else secrets.token_hex(_BYTES))
    return SecretKey(label=_label(context.app_dir))


def build_secret(bundle: Bundle, family: Family) -> dict[str, str]:
    """Give the stand-in for programs of the build; what the user gave to the build wins."""
    if not family.at_least(4, 1) or VARIABLE in bundle.environment:
        return {}
    return {"SECRET_KEY_BASE_DUMMY": "1"} if family.at_least(7, 1) else {VARIABLE: "stand-in-of-the-build" * 4}


def _label(app_dir: Path) -> Label:
    """Say which variable the app needs: the key of its credentials, where it has some, or else a secret of its own."""
    credentials = [*app_dir.glob("config/credentials.yml.enc"), *app_dir.glob("config/credentials/production.yml.enc")]
    if credentials:
        needed = {"name": "RAILS_MASTER_KEY", "source": str(credentials[0].relative_to(app_dir))}
    else:
        needed = {"name": VARIABLE, "generator": "secret", "source": "Rails"}
    text = json.dumps({"version": _VERSION, "required": [needed]}, separators=(",", ":"), sort_keys=True)
    return Label(key=LABEL, value=text)
