"""Flags that another system evaluates: remembered, never waited for beyond the deadline, done without when away."""

import asyncio
from typing import Any

import msgspec
import pytest

from headworks.core.errors import ProviderError
from headworks.core.people.alerting import Alert
from headworks.core.people.letters import Answer, Letter
from headworks.flags.evaluation import Context, Details, Flags
from headworks.flags.evaluation.remote.ofrep import OfrepSource
from headworks.flags.evaluation.remote.remote import Pace, RemoteFlags
from headworks.testing import FakeClock

ANNA = {"targetingKey": "anna", "org": "acme"}


class FakeSource:
    """Answers what `values` says; is away, or silent, when told to be."""

    name = "fake"

    def __init__(self) -> None:
        self.values: dict[str, Any] = {"f": "remote"}
        self.asked: list[tuple[str, Any, Context]] = []
        self.error: ProviderError | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.stopped = False

    async def start(self) -> None:
        if self.error is not None:
            raise self.error

    async def stop(self) -> None:
        self.stopped = True

    async def look_up(self, key: str, default: Any, context: Context) -> Details:
        self.asked.append((key, default, context))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Details(key=key, value=self.values.get(key), variant="v", reason="TARGETING_MATCH")


class FakeAlerts:
    def __init__(self) -> None:
        self.told: list[Alert] = []

    def tell(self, alert: Alert) -> None:
        self.told.append(alert)


class Bench:
    """A `RemoteFlags` and all around it."""

    def __init__(self, **pace: Any) -> None:
        self.source, self.alerts, self.clock = FakeSource(), FakeAlerts(), FakeClock()
        self.remote = RemoteFlags(self.source, Pace(**{"deadline_s": 5.0, **pace}), self.clock, self.alerts)
        self.flags = Flags()
        self.flags.remote = self.remote

    async def settle(self) -> None:
        """Let every lookup that is under way end."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def get(self, key: str = "f", default: Any = "mine", context: Context = ANNA) -> tuple[Any, str]:
        found = await self.flags.resolved(key, default, context)
        return found.value, found.reason

    def peek(self, key: str = "f", default: Any = "mine", context: Context = ANNA) -> tuple[Any, str]:
        found = self.flags.details(key, default, context)
        return found.value, found.reason


async def test_a_value_is_asked_for_once_and_remembered():
    bench = Bench()
    assert await bench.get() == ("remote", "CACHED")
    assert await bench.get() == ("remote", "CACHED")
    assert bench.peek() == ("remote", "CACHED")
    assert bench.source.asked == [("f", "mine", ANNA)]


async def test_a_look_that_does_not_wait_gives_the_default_and_asks_beside():
    bench = Bench()
    assert bench.peek() == ("mine", "ERROR")
    await bench.settle()
    assert bench.peek() == ("remote", "CACHED")


async def test_another_context_or_type_is_another_value_and_the_order_of_keys_is_not():
    bench = Bench()
    await bench.get()
    await bench.get(context=dict(reversed(ANNA.items())))
    assert len(bench.source.asked) == 1
    await bench.get(context={**ANNA, "org": "beta"})
    await bench.get(default=True)
    assert len(bench.source.asked) == 3


async def test_a_value_past_its_time_is_given_out_while_it_is_asked_for_anew():
    bench = Bench()
    await bench.get()
    bench.source.values["f"] = "newer"
    bench.clock.advance(30)
    bench.source.gate.clear()
    assert await bench.get() == ("remote", "STALE")
    bench.source.gate.set()
    await bench.settle()
    assert await bench.get() == ("newer", "CACHED")


async def test_a_jump_of_the_wall_clock_makes_nothing_stale():
    bench = Bench()
    await bench.get()
    bench.clock.jump(10 * 86_400)
    assert await bench.get() == ("remote", "CACHED")
    bench.clock.jump(-20 * 86_400)
    assert await bench.get() == ("remote", "CACHED")


async def test_nobody_waits_beyond_the_deadline_and_the_answer_is_kept_all_the_same():
    bench = Bench(deadline_s=0.005)
    bench.source.gate.clear()
    assert await bench.get() == ("mine", "ERROR")
    bench.source.gate.set()
    await bench.settle()
    assert await bench.get() == ("remote", "CACHED")
    assert len(bench.source.asked) == 1


async def test_calls_that_ask_at_once_share_one_lookup():
    bench = Bench()
    bench.source.gate.clear()
    waiting = [asyncio.ensure_future(bench.get()) for _ in range(20)]
    await bench.settle()
    bench.source.gate.set()
    assert set(await asyncio.gather(*waiting)) == {("remote", "CACHED")}
    assert len(bench.source.asked) == 1


async def test_lookups_at_once_are_bounded():
    bench = Bench()
    bench.source.gate.clear()
    for n in range(100):
        bench.peek(context={"targetingKey": str(n)})
    await bench.settle()
    assert len(bench.source.asked) == 32
    await bench.remote.stop()
    assert bench.source.stopped


async def test_while_it_is_away_last_known_values_are_in_force_then_defaults_and_an_alert_says_so():
    bench = Bench()
    await bench.get()
    bench.source.error = ProviderError("The provider of flags answered with status 503.")
    bench.clock.advance(31)
    await bench.get()
    await bench.settle()
    assert await bench.get() == ("remote", "STALE")
    assert await bench.get("unknown") == ("mine", "ERROR")
    assert [(alert.kind, alert.resolved) for alert in bench.alerts.told] == [("flag_provider_down", False)]
    assert "503" in bench.alerts.told[0].title
    bench.source.error = None
    bench.clock.advance(60)
    assert await bench.get("g") == ("mine", "CACHED")
    assert [alert.resolved for alert in bench.alerts.told] == [False, True]
    assert bench.alerts.told[0].subject == bench.alerts.told[1].subject


async def test_what_is_away_is_left_alone_longer_each_time():
    bench = Bench()
    bench.source.error = ProviderError("away")
    for times, rest_s in enumerate([1, 2, 4, 8, 16, 30, 30], start=1):
        await bench.get()
        assert len(bench.source.asked) == times
        bench.clock.advance(rest_s - 0.1)
        await bench.get()
        assert len(bench.source.asked) == times
        bench.clock.advance(0.1)
    assert len(bench.alerts.told) == 1


async def test_it_rests_as_long_as_it_is_asked_to():
    bench = Bench()
    bench.source.error = ProviderError("too many", retry_after_s=20)
    await bench.get()
    bench.clock.advance(19)
    await bench.get()
    assert len(bench.source.asked) == 1
    bench.clock.advance(1)
    await bench.get()
    assert len(bench.source.asked) == 2


async def test_one_that_never_answers_counts_as_away():
    bench = Bench(timeout_s=0.005)
    bench.source.gate.clear()
    assert await bench.get() == ("mine", "ERROR")
    assert [alert.kind for alert in bench.alerts.told] == ["flag_provider_down"]


async def test_a_gateway_starts_without_it():
    bench = Bench()
    bench.source.error = ProviderError("away")
    await bench.remote.start()
    assert await bench.get() == ("mine", "ERROR")
    assert len(bench.alerts.told) == 1


async def test_what_is_remembered_is_bounded():
    bench = Bench(most=10)
    for n in range(30):
        await bench.get(context={"targetingKey": str(n)})
    await bench.get(context={"targetingKey": "29"})
    assert len(bench.source.asked) == 30
    await bench.get(context={"targetingKey": "0"})
    assert len(bench.source.asked) == 31


async def test_flags_that_are_defined_here_are_not_asked_for():
    bench = Bench()
    bench.flags.fit({"f": {"type": "string", "variants": {"a": "local"}, "default": "a"}})
    assert await bench.get() == ("local", "STATIC")
    assert bench.peek() == ("local", "STATIC")
    assert bench.source.asked == []


async def test_a_context_that_is_not_json_is_an_error_of_the_context():
    bench = Bench()
    circle: dict[str, Any] = {}
    circle["me"] = circle
    for odd in ({"x": object()}, {"x": {1, object()}}, circle):
        assert (await bench.flags.resolved("f", "mine", odd)).error_code == "INVALID_CONTEXT"
        assert bench.flags.details("f", "mine", odd).error_code == "INVALID_CONTEXT"


def ofrep(status: int, body: Any, letters: list[Letter] | None = None) -> OfrepSource:
    async def post(letter: Letter) -> Answer:
        if letters is not None:
            letters.append(letter)
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return Answer(status=status, body=raw, retry_after_s=7.0 if status == 429 else None)

    return OfrepSource("https://flags.example.com/base/", {"x-api-key": "secret"}, 2.0, post)


async def test_the_protocol_is_spoken_as_it_is_written():
    letters: list[Letter] = []
    said = {"key": "a/b", "value": 5, "variant": "five", "reason": "SPLIT", "metadata": {"v": 1}}
    found = await ofrep(200, said, letters).look_up("a/b", 1, ANNA)
    assert (found.value, found.variant, found.reason, found.metadata) == (5, "five", "SPLIT", {"v": 1})
    assert letters[0].url == "https://flags.example.com/base/ofrep/v1/evaluate/flags/a%2Fb"
    assert letters[0].headers == {"x-api-key": "secret"}
    assert msgspec.json.decode(letters[0].body) == {"context": ANNA}


async def test_no_value_leaves_the_default_in_force_and_an_unknown_reason_is_unknown():
    found = await ofrep(200, {"key": "f", "reason": "SOMETHING_NEW"}).look_up("f", 1, ANNA)
    assert (found.value, found.reason) == (None, "UNKNOWN")


@pytest.mark.parametrize(
    ("status", "code", "found"),
    [(404, "FLAG_NOT_FOUND", "FLAG_NOT_FOUND"), (400, "INVALID_CONTEXT", "INVALID_CONTEXT"), (400, "NEW", "GENERAL")],
)
async def test_an_error_of_the_flag_is_an_answer(status: int, code: str, found: str):
    details = await ofrep(status, {"key": "f", "errorCode": code, "errorDetails": "why"}).look_up("f", 1, ANNA)
    assert (details.reason, details.error_code, details.error_message) == ("ERROR", found, "why")


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>"), (200, [1]), (200, b"\xff"), (404, {}), (401, {}), (403, {}), (429, {}), (500, {}), (302, {})],
)
async def test_anything_else_counts_as_away_and_tells_no_secret(status: int, body: Any):
    with pytest.raises(ProviderError) as caught:
        await ofrep(status, body).look_up("f", 1, ANNA)
    assert "secret" not in caught.value.message
    assert caught.value.retry_after_s == (7.0 if status == 429 else None)
