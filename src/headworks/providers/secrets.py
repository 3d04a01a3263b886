"""The keys of providers: which header carries one, and how it is kept out of sentences."""

from headworks.core.errors import ProviderError
from headworks.dialects.errors import CUT
from headworks.providers.link import Link

MASK = "***"
SECRET_CHARACTERS = 6
"""Shorter keys are words that sentences need; no provider hands out such."""


def auth_header(link: Link, key: str) -> dict[str, str]:
    """The header that carries `key`, empty for a provider without one."""
    if link.auth == "none" or not key:
        return {}
    return {"authorization": f"Bearer {key}"} if link.auth == "bearer" else {link.auth: key}


def hide_secrets(error: ProviderError, link: Link) -> None:
    """Take the provider's own keys out of its sentence: some repeat the key they refuse."""
    # The longest first: of one that begins with another, the rest must not be left standing.
    for secret in sorted((*link.keys, *link.headers.values()), key=len, reverse=True):
        if len(secret) >= SECRET_CHARACTERS:
            error.message = _without(secret, error.message)
    error.args = (error.message,)


def _without(secret: str, text: str) -> str:
    """`text` without `secret`, and without the beginning of it that a cut to length has left at the end."""
    text = text.replace(secret, MASK)
    body = text.removesuffix(CUT)
    if body != text:
        for length in range(len(secret) - 1, SECRET_CHARACTERS - 1, -1):
            if body.endswith(secret[:length]):
                return body[:-length] + MASK + CUT
    return text
