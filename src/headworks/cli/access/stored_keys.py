"""Virtual keys straight in a data directory, with or without a running gateway; it notices changes by itself."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import structs
from pydantic import ValidationError

from headworks.budgets.config import BudgetAmounts, PaceAmounts
from headworks.core.clock import Clock, SystemClock
from headworks.core.errors import BadAskError
from headworks.core.limits import Limit
from headworks.core.messages import Caller
from headworks.identity import KeyRecord, KeyRing, KeySpec, load_pepper
from headworks.server.admin.shapes import KeyView

_ACTOR = "command line"
_PAGE = 500


class StoredKeys:
    """The keys of a data directory, in the shapes of the admin API.

    Args:
        ring: The open key ring.
        clock: Says which keys have expired.
    """

    def __init__(self, ring: KeyRing, clock: Clock) -> None:
        self._ring = ring
        self._clock = clock

    @classmethod
    @contextmanager
    def open(cls, data_dir: Path) -> "Iterator[StoredKeys]":
        """The keys of `data_dir`, made if it is missing.

        Raises:
            StoreError: The key store or its pepper cannot be used.
        """
        clock = SystemClock()
        ring = KeyRing(data_dir, clock, load_pepper(data_dir, os.environ))
        ring.open()
        try:
            yield cls(ring, clock)
        finally:
            ring.close()

    def caller(self, key_id: str) -> Caller:
        """Who calls with the key of this id.

        Raises:
            BadAskError: There is no such key, or it is revoked or expired.
        """
        record = self._ring.get(key_id)
        status = record.status(self._clock.now())
        if status in {"revoked", "expired"}:
            raise BadAskError(f"The key {key_id} is {status}; every call with it is refused.", code="invalid_api_key")
        return record.caller()

    def limits(self, key_id: str) -> tuple[Limit, ...]:
        """The own limits of the key with this id; none when there is no such key."""
        try:
            return self._ring.get(key_id).spec.limits
        except BadAskError:
            return ()

    def create(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Make a key."""
        expires_at = wish.get("expires_at")
        spec = KeySpec(
            name=wish["name"],
            org=wish["org"],
            user=wish.get("user"),
            team=wish.get("team"),
            models=tuple(wish.get("models", ())),
            features=tuple(wish.get("features", ())),
            expires_at=None if expires_at is None else datetime.fromisoformat(expires_at).timestamp(),
            limits=_limits(wish),
        )
        return structs.asdict(self._ring.create(spec, actor=_ACTOR))

    def list(self) -> list[dict[str, Any]]:
        """Every key, newest first."""
        shown: list[dict[str, Any]] = []
        after: str | None = None
        while page := self._ring.list(_PAGE, after):
            shown += map(self._shown, page)
            after = page[-1].id
        return shown

    def revoke(self, key_id: str) -> dict[str, Any]:
        """Stop a key for good."""
        return self._shown(self._ring.revoke(key_id, actor=_ACTOR))

    def rotate(self, key_id: str, overlap_s: float) -> dict[str, Any]:
        """Make a successor."""
        return structs.asdict(self._ring.rotate(key_id, overlap_s, actor=_ACTOR))

    def _shown(self, record: KeyRecord) -> dict[str, Any]:
        return KeyView.of(record, self._clock.now()).model_dump(exclude={"history"})


def _limits(wish: Mapping[str, Any]) -> tuple[Limit, ...]:
    """Raises BadAskError for an amount that is none."""
    try:
        budget, paces = BudgetAmounts(**wish.get("budget", {})), PaceAmounts(**wish.get("limits", {}))
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(map(str, fault["loc"]))
        raise BadAskError(f"`{name}`: {fault['msg']}.", status=422, param=name) from None
    return (*budget.limits(), *paces.limits())
