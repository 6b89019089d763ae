"""Keeping secrets out of logs: credentials in addresses, and values of variables whose name says they are secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

MASK = "***"
_SECRET_WORDS = (
    "PASSWORD",
    "PASSWD",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "GIT_CRED",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
)
_SHORTEST_SECRET = 6  # masking shorter values, such as "1", would make logs unreadable and protect nothing


class Redactor:
    """Replaces secrets in text. Calling it gives the text without them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Mask the given values, longest first, besides every address's credentials."""
        self._secrets = sorted({one for one in secrets if len(one) >= _SHORTEST_SECRET}, key=len, reverse=True)

    @classmethod
    def for_environment(cls, environment: Mapping[str, str]) -> Redactor:
        """Mask what an environment holds: values of variables named like secrets, and passwords inside addresses."""
        secrets: list[str] = []
        for name, value in environment.items():
            if any(word in name.upper() for word in _SECRET_WORDS):
                secrets.append(value.strip())
                secrets.append(value.strip().partition(":")[2])  # of "user:password", as Heroku's GO_GIT_CRED__ has it
            secrets.extend(_passwords(value))
        return cls(secrets)

    def __call__(self, text: str) -> str:
        """Give the text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return redact_urls(text)


def redact_urls(text: str) -> str:
    """Replace ``user:password@`` and ``token@`` of every address in the text."""
    start = text.find("://")
    while start != -1:
        authority, end = _authority(text, start + 3)
        at = authority.rfind("@")
        if at != -1:
            text = f"{text[: start + 3]}{MASK}{authority[at:]}{text[end:]}"
        start = text.find("://", start + 3)
    return text


def _authority(text: str, begin: int) -> tuple[str, int]:
    end = begin
    while end < len(text) and text[end] not in "/?# \t\n\"'<>":
        end += 1
    return text[begin:end], end


def _passwords(value: str) -> Iterable[str]:
    scheme = value.find("://")
    if scheme != -1:
        authority, _ = _authority(value, scheme + 3)
        user, at, _ = authority.rpartition("@")
        if at:
            yield user.partition(":")[2] or user
