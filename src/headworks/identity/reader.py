"""Who calls with this key: the hot path of the room, synchronous and mostly from memory.

Runs on one thread, the event loop's. Learns of every change to the key store, by this or another process, from SQLite's
`data_version`, which it asks for at most every 100 ms; then it forgets all it remembers.
"""

import hmac
import math
import secrets
from hashlib import blake2b
from pathlib import Path

import apsw
from msgspec import Struct

from headworks.core.clock import Clock
from headworks.core.errors import RefusedError, StoreError
from headworks.core.messages import Caller
from headworks.identity import table
from headworks.identity.secret import digest, id_of
from headworks.storage.sqlite import connect

POLL_S = 0.1
REMEMBERED_KEYS = 10_000


class _Known(Struct):
    """A key as the reader remembers it; from `ends_at` (Unix seconds) on it is refused.

    `mark` is this process's own fast keyed hash of the key, empty until the key has proved itself by its digest.
    """

    digest: bytes
    caller: Caller
    ends_at: float
    mark: bytes = b""


class KeyReader:
    """Reads the key store.

    Args:
        path: The database, already brought up to date.
        clock: Wall time for expiry, monotonic time between two looks for changes.
        pepper: The secret under which keys are hashed.
    """

    def __init__(self, path: Path, clock: Clock, pepper: bytes) -> None:
        self._path = path
        self._clock = clock
        self._pepper = pepper
        self._secret = secrets.token_bytes(32)
        self._db: apsw.Connection | None = None
        self._known: dict[str, _Known] = {}
        self._version = -1
        self._look_at = -math.inf

    def open(self) -> None:
        """Open the database; raises StoreError."""
        self._db = connect(self._path)

    def close(self) -> None:
        """Close the database and forget everything."""
        if self._db is not None:
            self._db.close()
        self._db = None
        self._known.clear()
        self._look_at = -math.inf

    def look_again(self) -> None:
        """Look for changes at the next call, whenever the last look was. Any thread may say so."""
        self._look_at = -math.inf

    def caller(self, key: str) -> Caller:
        """As `core.protocols.Identity` says."""
        now = self._clock.monotonic()
        if now >= self._look_at:
            self._look(now)
        key_id = id_of(key)
        if key_id is None:
            raise _refused()
        known = self._known.get(key_id) or self._remember(key_id)
        if not self._proved(key, known) or known is None or self._clock.now() >= known.ends_at:
            raise _refused()
        return known.caller

    def _proved(self, key: str, known: _Known | None) -> bool:
        """Whether `key` is the one remembered.

        The stored digest (HMAC by OpenSSL, which hands the interpreter to other threads each time) is asked for once;
        afterwards a keyed hash under a secret of this process alone tells the same key again.
        """
        mark = blake2b(key.encode("utf-8", "surrogatepass"), key=self._secret).digest()
        if known is not None and hmac.compare_digest(mark, known.mark):
            return True
        proof = digest(self._pepper, key)
        if known is None or not hmac.compare_digest(proof, known.digest):
            return False
        known.mark = mark
        return True

    def _look(self, now_s: float) -> None:
        self._look_at = now_s + POLL_S
        version = table.data_version(self._opened())
        if version != self._version:
            self._known.clear()
            self._version = version

    def _remember(self, key_id: str) -> _Known | None:
        found = table.find(self._opened(), key_id)
        if found is None:
            return None
        record, stored = found
        ends = (record.spec.expires_at, record.overlap_until, None if record.revoked_at is None else -math.inf)
        known = _Known(stored, record.caller(), min((end for end in ends if end is not None), default=math.inf))
        if len(self._known) >= REMEMBERED_KEYS:
            self._known.clear()
        self._known[key_id] = known
        return known

    def _opened(self) -> apsw.Connection:
        if self._db is None:
            raise StoreError("The key store is not open.")
        return self._db


def _refused() -> RefusedError:
    return RefusedError(
        "This API key is not valid. Send a virtual key (hw-...) as `Authorization: Bearer` or `x-api-key`.",
        code="invalid_api_key",
        status=401,
    )
