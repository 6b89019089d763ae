"""Credentials for private Git servers, as Heroku has them: GO_GIT_CRED__HTTPS__GITHUB__COM is a token or user:password.

They reach git through its environment and nothing else: no file is written, so no layer can hold one, and no command
line has one. Heroku's helper replaces the first dot of a host only; here every ``__`` is one.
"""

from __future__ import annotations

from collections.abc import Mapping

from buildpacks.go.errors import GitCredentialError

PREFIX = "GO_GIT_CRED__"
_PROTOCOLS = ("http", "https")
# Servers take a token as the password of any user; this is the name GitHub gives to its own.
_USER_OF_A_TOKEN = "x-access-token"  # noqa: S105 - a user's name, no secret
# git starts it through sh with what it wants as the argument; printf is a builtin, so no argument list shows a secret.
_HELPER = (
    '!f() {{ test "$1" = get || exit 0;'
    ' printf \'username=%s\\npassword=%s\\n\' "$OFFRAMP_GIT_USER_{n}" "$OFFRAMP_GIT_PASSWORD_{n}"; }}; f'
)


def git_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that make git use the credentials: its configuration, and what the helpers print.

    Raises:
        GitCredentialError: a name does not say a protocol and a host, or the value is empty.
    """
    given = {name: value.strip() for name, value in sorted(environment.items()) if name.startswith(PREFIX)}
    settings: dict[str, str] = {}
    count = _configured(environment)
    for number, (name, value) in enumerate(given.items()):
        protocol, _, host = name.removeprefix(PREFIX).lower().partition("__")
        if protocol not in _PROTOCOLS or not host or not value:
            raise GitCredentialError(name=name)
        user, colon, password = value.partition(":")
        settings |= {
            f"OFFRAMP_GIT_USER_{number}": user if colon else _USER_OF_A_TOKEN,
            f"OFFRAMP_GIT_PASSWORD_{number}": password if colon else value,
            f"GIT_CONFIG_KEY_{count}": f"credential.{protocol}://{host.replace('__', '.')}.helper",
            f"GIT_CONFIG_VALUE_{count}": _HELPER.format(n=number),
        }
        count += 1
    return settings | {"GIT_CONFIG_COUNT": str(count)} if given else {}


def hosts(environment: Mapping[str, str]) -> list[str]:
    """Give the hosts there are credentials for, for the log."""
    names = sorted(name for name in environment if name.startswith(PREFIX))
    return [name.removeprefix(PREFIX).lower().partition("__")[2].replace("__", ".") for name in names]


def _configured(environment: Mapping[str, str]) -> int:
    """Tell how much configuration the user gives git this way already."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    return int(count) if count.isdigit() else 0
