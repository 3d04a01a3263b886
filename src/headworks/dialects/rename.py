"""Give the client back the model name it asked for, leaving every other byte of a provider's JSON as it came."""

import re

import msgspec

_MODEL = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.)*")')


class ModelRename:
    """Replaces one model name by another in the raw JSON of one reply.

    A quote inside a JSON string is always escaped, so the searched bytes can only be a real `"model"` key; the value is
    compared with the parsed one before it is learnt. Events that follow are spliced without searching anew.
    """

    def __init__(self, asked: str) -> None:
        self._value = msgspec.json.encode(asked)
        self._asked = asked
        self._old = b""
        self._new = b""

    def learn(self, raw: bytes, answered: str) -> None:
        """Remember how `raw` spells the name `answered`."""
        if answered == self._asked:
            return
        usual = b'"model":"' + answered.encode() + b'"'
        if raw.find(usual) >= 0:
            self._old, self._new = usual, b'"model":' + self._value
            return
        for match in _MODEL.finditer(raw):
            if msgspec.json.decode(match.group(1)) == answered:
                self._old = match.group(0)
                self._new = self._old[: match.start(1) - match.start(0)] + self._value
                return

    def apply(self, raw: bytes) -> bytes:
        """`raw` with the name replaced, once; unchanged when there is nothing to replace."""
        return raw.replace(self._old, self._new, 1) if self._old else raw
