"""A Lua script that the server runs as one step, and keeps by its hash."""

from hashlib import sha1
from typing import Any

from headworks.storage.link.line import Line
from headworks.storage.link.wire import RefusedByServerError, packed


class Script:
    """A script that the server keeps by its hash.

    Args:
        text: Lua.
        flags: `allow-oom` when it runs on a server whose memory is full, since it frees memory or needs next to none;
            `no-writes` when it only reads.
    """

    def __init__(self, text: str, flags: str = "") -> None:
        first = f"#!lua flags={flags}" if flags else "#!lua"
        self._text = f"{first}\n{text}".encode()
        self._sha = sha1(self._text, usedforsecurity=False).hexdigest().encode()

    async def run(self, line: Line, keys: list[bytes], *arguments: bytes) -> Any:
        """The script's answer.

        Raises:
            AwayError: As `Line.call` says.
            RefusedByServerError: As `Line.call` says.
        """
        rest = (b"%d" % len(keys), *keys, *arguments)
        try:
            return await line.call(packed(b"EVALSHA", self._sha, *rest))
        except RefusedByServerError as error:
            if error.code != "NOSCRIPT":
                raise
        return await line.call(packed(b"EVAL", self._text, *rest))
