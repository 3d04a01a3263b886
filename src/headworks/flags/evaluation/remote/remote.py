"""Asks another system for flags so that no call waits for it: fresh values from memory, others fetched beside the call.

A value past its time goes on being given out while it is asked for anew. Only a value that was never known may be
waited for, and not beyond the deadline. While the other system is away it is left alone for a while, longer each time;
last known values are in force, else the caller's defaults, and an alert says so.
"""

import asyncio
from typing import Any

import structlog
from msgspec import Struct

from headworks.core.clock import Clock
from headworks.core.errors import ProviderError
from headworks.core.people.alerting import Alert, Alerts
from headworks.flags.evaluation.details import Context, Details, failed, fitted
from headworks.flags.evaluation.remote.remembered import Remembered, Slot, slot
from headworks.flags.evaluation.remote.source import Source

ALERT = "flag_provider_down"
_LONGEST_REST_S = 30.0
_AT_ONCE = 32
_log = structlog.get_logger("headworks.flags")


class Pace(Struct, frozen=True, kw_only=True):
    """How patient it is.

    Attributes:
        deadline_s: Seconds that a call may wait for a value that was never known.
        timeout_s: Seconds after which a lookup has failed.
        ttl_s: Seconds for which a value is fresh.
        rest_s: Seconds that the other system is left alone after it failed; doubles up to half a minute.
        most: How many values are remembered.
    """

    deadline_s: float = 0.05
    timeout_s: float = 2.0
    ttl_s: float = 30.0
    rest_s: float = 1.0
    most: int = 10_000


class RemoteFlags:
    """Satisfies `engine.Remote`.

    Args:
        source: The other system.
        pace: How patient.
        clock: Says what is fresh; its monotonic reading alone.
        alerts: Told when the other system is away, and when it is back.
    """

    def __init__(self, source: Source, pace: Pace, clock: Clock, alerts: Alerts) -> None:
        self._source = source
        self._pace = pace
        self._clock = clock
        self._alerts = alerts
        self._told = Remembered(pace.most)
        self._asking: dict[Slot, asyncio.Task[None]] = {}
        self._rest_s = pace.rest_s
        self._resting_until_s = 0.0
        self._down = False

    async def start(self) -> None:
        """Get ready. That the other system is away is no reason to fail."""
        try:
            await asyncio.wait_for(self._source.start(), self._pace.timeout_s)
        except (ProviderError, TimeoutError) as error:
            self._failed(error)

    async def stop(self) -> None:
        """Ask no more."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._source.stop()

    def known(self, key: str, default: Any, context: Context) -> Details:
        """What is known by now. Asks for what is not fresh, beside this call."""
        where = slot(key, default, context)
        if where is None:
            return _unusable(key, default)
        found = self._remembered(where)
        if found is None or found[1]:
            self._ask(where, default, context)
        return self._given(key, default, found and found[0])

    async def resolved(self, key: str, default: Any, context: Context) -> Details:
        """What is known, or is told before the deadline."""
        where = slot(key, default, context)
        if where is None:
            return _unusable(key, default)
        found = self._remembered(where)
        if found is None or found[1]:
            task = self._ask(where, default, context)
            if found is None and task is not None:
                await asyncio.wait({task}, timeout=self._pace.deadline_s)
                found = self._remembered(where)
        return self._given(key, default, found and found[0])

    def _remembered(self, where: Slot) -> tuple[Details, bool] | None:
        """What was told of a slot, and whether it is past its time."""
        told = self._told.get(where)
        if told is None:
            return None
        late = self._clock.monotonic() >= told.until_s
        return (told.stale if late else told.cached, late)

    def _given(self, key: str, default: Any, found: Details | None) -> Details:
        if found is None:
            return fitted(failed(key, "GENERAL", "the provider of flags has not said yet, or is away"), default)
        return fitted(found, default)

    def _ask(self, where: Slot, default: Any, context: Context) -> asyncio.Task[None] | None:
        """The lookup of a slot, begun unless it is under way; None where none is begun now."""
        task = self._asking.get(where)
        if task is None:
            resting = self._clock.monotonic() < self._resting_until_s
            if resting or len(self._asking) >= _AT_ONCE:
                return None
            task = asyncio.get_running_loop().create_task(self._look_up(where, default, context))
            self._asking[where] = task
        return task

    async def _look_up(self, where: Slot, default: Any, context: Context) -> None:
        try:
            details = await asyncio.wait_for(self._source.look_up(where[0], default, context), self._pace.timeout_s)
        except (ProviderError, TimeoutError) as error:
            self._failed(error)
        else:
            self._told.keep(where, details, self._clock.monotonic() + self._pace.ttl_s)
            self._worked()
        finally:
            del self._asking[where]

    def _failed(self, error: ProviderError | TimeoutError) -> None:
        now = self._clock.monotonic()
        if now < self._resting_until_s:
            return  # of several that were under way, the first says it
        asked = error.retry_after_s if isinstance(error, ProviderError) else None
        self._resting_until_s = now + max(self._rest_s, min(asked or 0.0, _LONGEST_REST_S))
        self._rest_s = min(2 * self._rest_s, _LONGEST_REST_S)
        reason = error.message if isinstance(error, ProviderError) else f"No answer in {self._pace.timeout_s:g} s."
        if not self._down:
            self._down = True
            _log.warning("flag_provider_down", provider=self._source.name, reason=reason)
            self._alerts.tell(self._alert(f"The provider of flags is away: {reason}", resolved=False))

    def _worked(self) -> None:
        self._rest_s = self._pace.rest_s
        self._resting_until_s = 0.0
        if self._down:
            self._down = False
            _log.info("flag_provider_back", provider=self._source.name)
            self._alerts.tell(self._alert("The provider of flags answers again.", resolved=True))

    def _alert(self, title: str, *, resolved: bool) -> Alert:
        return Alert(
            kind=ALERT,
            subject=f"provider of flags: {self._source.name}",
            severity="warning",
            title=title,
            facts={"in force": "last known values, else the defaults of the callers"},
            resolved=resolved,
        )


def _unusable(key: str, default: Any) -> Details:
    return fitted(failed(key, "INVALID_CONTEXT", "the context holds what JSON cannot"), default)
