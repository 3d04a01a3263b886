"""The text of keys: how one is made, what one looks like, and the only form in which one is kept.

A virtual key is `hw-`, a public id of 8 letters and digits, `-`, and 43 characters (256 random bits, URL-safe Base64).
The id finds the record without a search over secrets; the keyed hash of the whole key proves it.
"""

import hmac
import re
import secrets
import string

KEY_CHARACTERS = 55
ADMIN_KEY_CHARACTERS = 512
"""A longer admin key is refused unread."""

_ALPHABET = string.ascii_lowercase + string.digits
_ID = re.compile(r"[a-z0-9]{8}", re.ASCII)
_KEY = re.compile(r"hw-([a-z0-9]{8})-[A-Za-z0-9_-]{43}", re.ASCII)


def new_key() -> tuple[str, str]:
    """A fresh `(id, key)`."""
    key_id = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return key_id, f"hw-{key_id}-{secrets.token_urlsafe(32)}"


def new_admin_key() -> str:
    """A fresh admin key: `hw-admin-` and 256 random bits."""
    return f"hw-admin-{secrets.token_urlsafe(32)}"


def id_of(key: str) -> str | None:
    """The public id inside a virtual key; None for text that cannot be one. Cheap for text of any length."""
    if len(key) != KEY_CHARACTERS:
        return None
    match = _KEY.fullmatch(key)
    return match[1] if match else None


def is_id(text: str) -> bool:
    """True for text that could be a key's public id."""
    return _ID.fullmatch(text) is not None


def digest(pepper: bytes, key: str) -> bytes:
    """HMAC-SHA256 of the whole key under the pepper: what is stored and compared."""
    return hmac.digest(pepper, key.encode("utf-8", "surrogatepass"), "sha256")
