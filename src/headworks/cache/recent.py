"""Which entry a call was answered from, for as long as its user may still say what it was worth."""

from collections import OrderedDict

MOST = 10_000


class Recent:
    """The last calls and the keys of their entries."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, bytes] = OrderedDict()

    def note(self, trace_id: str, key: bytes) -> None:
        """A call was answered from this entry, or made it."""
        self._keys[trace_id] = key
        if len(self._keys) > MOST:
            self._keys.popitem(last=False)

    def take(self, trace_id: str) -> bytes | None:
        """The entry of a call; None when it is not known, or was taken before."""
        return self._keys.pop(trace_id, None)
