"""Where alerts are told, and the background work that passes them on.

`tell` only puts an alert into a list in memory. A task notes them in the file that workers share, once a second, and
sends the messages that are due; files are touched in one thread, channels are reached on the event loop, side by side.
When the file refuses, the process goes on in its own memory: a full disk is just what somebody has to be told.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import structlog

from headworks.core.clock import Clock
from headworks.core.errors import BadAskError, HeadworksError, ProviderError, StoreError
from headworks.core.people.alerting import Alert
from headworks.telemetry.alerts import outbox
from headworks.telemetry.alerts.channels import Channel, Post, channels_of
from headworks.telemetry.alerts.config import AlertSettings
from headworks.telemetry.alerts.message import Item, Message
from headworks.telemetry.alerts.rules import MOST_TRIES, due, pause_s
from headworks.telemetry.alerts.store import AlertFile

TICK_S = 1.0
MOST_TOLD = 10_000
"""Alerts that wait in memory to be noted; more are counted and let go."""
_TEST_KIND = "test"
_FORGET_EVERY_S = 3_600.0
_STOP_S = 2.0
_log = structlog.get_logger("headworks.alerts")
_T = TypeVar("_T")


class AlertDesk:
    """Satisfies `core.people.alerting.Alerts` and `core.protocols.Room`. Fails open: only `test` and `listed` raise.

    Args:
        data_dir: Holds the file that workers share.
        settings: Who is told, and how often.
        clock: Source of time.
        post: Sends letters over the gateway's own connections.

    Attributes:
        settings: In force now.
        file: The file that workers share; used in the desk's own thread only (`in_thread`).
        dropped: Alerts let go because too many waited.
    """

    def __init__(self, data_dir: Path, settings: AlertSettings, clock: Clock, post: Post) -> None:
        self.settings = settings
        self.file = AlertFile(data_dir)
        self.dropped = 0
        self._spare: AlertFile | None = None
        self._clock = clock
        self._post = post
        self._told: deque[tuple[Alert, float]] = deque()
        self._channels = channels_of(settings, post)
        self._sending: set[asyncio.Task[None]] = set()
        self._dice = random.Random()  # noqa: S311  dice, not secrets
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="alerts")
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._forget_s = 0.0

    def tell(self, alert: Alert) -> None:
        """Raise an alert, or take it back. From any thread; never waits."""
        if len(self._told) >= MOST_TOLD:
            if not self.dropped:
                _log.error("alerts_dropped", reason=f"{MOST_TOLD} wait to be noted")
            self.dropped += 1
            return
        self._told.append((alert, self._clock.now()))

    def fit(self, settings: AlertSettings) -> None:
        """The config was reloaded: tell by these settings from now on."""
        for channel in self._channels.values():
            channel.close()
        self.settings = settings
        self._channels = channels_of(settings, self._post)

    async def start(self) -> None:
        """Begin to pass on what is told."""
        self._task = asyncio.create_task(self._run(), name="alerts")

    async def stop(self) -> None:
        """Note what was told, and let messages under way end. Another worker, or the next start, sends what waits."""
        self._stopping.set()
        if self._task is not None:
            await self._task
        await self._attempted(self.in_thread(self._note))
        if self._sending:
            await asyncio.wait(self._sending, timeout=_STOP_S)
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        for channel in self._channels.values():
            channel.close()
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    async def turn(self) -> None:
        """Note what was told and begin to send what is due."""
        claimed = await self.in_thread(self._noted_and_claimed)
        for file, ready in claimed:
            task = asyncio.create_task(self._send(file, ready), name=f"alert-{ready.channel}")
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def settled(self) -> None:
        """Return when no message is under way."""
        while self._sending:
            await asyncio.gather(*self._sending, return_exceptions=True)

    async def in_thread(self, work: Callable[[], _T]) -> _T:
        """What `work` returns, done in the thread that uses the file."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def listed(self) -> dict[str, Any]:
        """What is wrong, what was, and what could not be sent yet, or at all.

        Raises:
            StoreError: The file cannot be read.
        """
        return await self.in_thread(self._listed)

    async def test(self, name: str | None = None) -> dict[str, str | None]:
        """Send a test alert, at once, past every rule.

        Args:
            name: To this channel; None for all.

        Returns:
            For each channel why it did not arrive, None when it did.

        Raises:
            BadAskError: There is no channel of this name, or none at all.
        """
        chosen = {key: channel for key, channel in self._channels.items() if name in {None, key}}
        if not chosen:
            known = ", ".join(self._channels) or "none; name them under `alerts.channels`"
            wanted = "is no channel" if name is None else f"is no channel `{name}`"
            raise BadAskError(
                f"There {wanted}. Channels: {known}.", code="unknown_channel", status=404, param="channel"
            )
        results = await asyncio.gather(*(self._tested(channel) for channel in chosen.values()))
        return dict(zip(chosen, results, strict=True))

    async def _tested(self, channel: Channel) -> str | None:
        now_s = self._clock.now()
        alert = Alert(
            kind=_TEST_KIND,
            subject="headworks alerts test",
            severity="info",
            title="A test: alerts of this gateway arrive here.",
            facts={"sent by": "headworks alerts test"},
        )
        template = self.settings.runbook_url
        runbook = None if template is None else template.replace("{kind}", _TEST_KIND)
        item = Item(alert=alert, at_s=now_s, since_s=now_s, runbook_url=runbook)
        message = Message(id=f"alert-test-{int(now_s * 1000)}", items=(item,), time_zone=self.settings.time_zone)
        try:
            await channel.send(message, now_s)
        except HeadworksError as error:
            return error.message
        return None

    async def _run(self) -> None:
        while not self._stopping.is_set():
            await self._attempted(self.turn())
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._stopping.wait()

    async def _attempted(self, work: Awaitable[object]) -> None:
        """Do it; what goes wrong is logged, and the desk lives on."""
        (result,) = await asyncio.gather(work, return_exceptions=True)
        if isinstance(result, BaseException):
            _log.error("alerts_turn_failed", exc_info=result)

    def _noted_and_claimed(self) -> list[tuple[AlertFile, outbox.Claimed]]:
        self._note()
        now_s = self._clock.now()
        leases_s = {name: channel.lease_s for name, channel in self._channels.items()}
        found: list[tuple[AlertFile, outbox.Claimed]] = []
        for file in self._files():
            with suppress(StoreError):
                if _is_due(file, now_s):
                    with file.writing() as db:
                        ready = outbox.claim(db, now_s, leases_s, self.settings.time_zone)
                    found += [(file, one) for one in ready]
        self._forget_old(now_s)
        return found

    def _note(self) -> None:
        told: list[tuple[Alert, float]] = []
        while self._told and len(told) < MOST_TOLD:
            told.append(self._told.popleft())
        if not told:
            return
        now_s = self._clock.now()
        try:
            self.file.note(told, self.settings, now_s)
        except StoreError as error:
            if self._spare is None:
                _log.error("alerts_not_shared", reason=error.message, effect="each worker tells what it knows itself")
                self._spare = AlertFile(None)
            self._spare.note(told, self.settings, now_s)
        else:
            if self._spare is not None:  # what was told in the meantime may be over by now
                self._spare.note([one for one in told if one[0].resolved], self.settings, now_s)

    def _files(self) -> list[AlertFile]:
        return [self.file] if self._spare is None else [self.file, self._spare]

    def _forget_old(self, now_s: float) -> None:
        if self._clock.monotonic() >= self._forget_s:
            self._forget_s = self._clock.monotonic() + _FORGET_EVERY_S
            with suppress(StoreError):
                self.file.forget_old(now_s)

    def _listed(self) -> dict[str, Any]:
        found = self.file.listed()
        if self._spare is not None:
            for name, rows in self._spare.listed().items():
                found[name] = [*rows, *found[name]]
        return found

    async def _send(self, file: AlertFile, ready: outbox.Claimed) -> None:
        channel = self._channels.get(ready.channel)
        if channel is None:
            return  # its claim ends, and it waits for a config that knows it
        failure: ProviderError | None = None
        (result,) = await asyncio.gather(channel.send(ready.message, self._clock.now()), return_exceptions=True)
        if isinstance(result, ProviderError):
            failure = result
        elif isinstance(result, BaseException):
            _log.error("alert_channel_broken", channel=ready.channel, exc_info=result)
            failure = ProviderError(f"Channel `{ready.channel}` failed unexpectedly; the log says how.")
        await self._attempted(self.in_thread(lambda: self._settle(file, ready, failure)))

    def _settle(self, file: AlertFile, ready: outbox.Claimed, failure: ProviderError | None) -> None:
        now_s, message = self._clock.now(), ready.message
        with file.writing() as db:
            if failure is None:
                outbox.sent(db, message.id, now_s)
                return
            given_up = not failure.retryable or ready.tries >= MOST_TRIES
            if given_up:
                outbox.give_up(db, message.id, failure.message, now_s)
            else:
                wait_s = max(pause_s(ready.tries, self._dice), failure.retry_after_s or 0.0)
                due_s, digest = due(self.settings, message.urgency, now_s + wait_s)
                outbox.put_back(db, message.id, failure.message, due_s, digest=digest or message.digest)
        _log.warning(
            "alert_not_delivered",
            channel=ready.channel,
            reason=failure.message,
            tries=ready.tries,
            effect="kept; see `headworks alerts list`" if given_up else "tried again",
        )

    def _close(self) -> None:
        for file in self._files():
            file.close()


def _is_due(file: AlertFile, now_s: float) -> bool:
    with file.reading() as db:
        next_s = outbox.next_due_s(db)
    return next_s is not None and next_s <= now_s
