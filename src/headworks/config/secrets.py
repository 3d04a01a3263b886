"""Replace `${NAME}` by the environment's value and, where a secret stands, `file:PATH` by the file's content.

What was put in is remembered only to keep it out of every error text.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from headworks.config.tree import Path as KeyPath

SECRET_KEYS = frozenset(
    {"api_key", "api_keys", "headers", "shared", "slack_url", "webhook_url", "webhook_secret", "apprise_urls"}
)
"""Under these keys every value is a secret, wherever they stand."""

MAX_SECRET_BYTES = 64 * 1024
_MASK = "***"
_SHORTEST_MASKED = 4
_REFERENCE = re.compile(r"\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Secrets:
    """Fills in references for one file.

    Args:
        environ: Where `${NAME}` looks.
        folder: What a relative `file:PATH` is relative to: the config's own folder.
    """

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self._environ = environ
        self._folder = folder
        self._seen: set[str] = set()

    def replace(self, path: KeyPath, text: str) -> str:
        """The value to use for the scalar `text` at `path`.

        Raises:
            ValueError: The variable or the file is missing; the sentence names it.
        """
        secret = is_secret(path)
        if secret and text.startswith("file:"):
            value = self._read(text.removeprefix("file:"))
        else:
            value = _REFERENCE.sub(self._variable, text)
        if secret or value != text:
            self._seen.add(value)
        return value

    def mask(self, text: str) -> str:
        """`text` without any secret of this file. A safeguard: messages are written without values to begin with."""
        for secret in sorted(self._seen, key=len, reverse=True):
            if len(secret) >= _SHORTEST_MASKED:
                text = text.replace(secret, _MASK)
        return text

    def _variable(self, match: re.Match[str]) -> str:
        name = match[1]
        if not match[0].endswith("}") or not _NAME.fullmatch(name):
            raise ValueError("a reference to the environment is written `${NAME}`: letters, digits and underscores")
        value = self._environ.get(name)
        if not value:
            state = "is empty" if value == "" else "is not set"
            raise ValueError(f"the environment variable {name} {state}")
        self._seen.add(value)
        return value

    def _read(self, name: str) -> str:
        try:
            with (self._folder / Path(name).expanduser()).open("rb") as file:
                content = file.read(MAX_SECRET_BYTES + 1)
        except (OSError, ValueError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
            raise ValueError(f"the file named here cannot be read: {reason}") from error
        if len(content) > MAX_SECRET_BYTES:
            raise ValueError(f"the file named here has more than {MAX_SECRET_BYTES} bytes: that is no key")
        try:
            text = content.decode().strip()
        except UnicodeDecodeError as error:
            raise ValueError("the file named here is not UTF-8 text") from error
        if not text:
            raise ValueError("the file named here is empty")
        return text


def is_secret(path: KeyPath) -> bool:
    """Whether the value at `path` is a secret."""
    return not SECRET_KEYS.isdisjoint(path)
