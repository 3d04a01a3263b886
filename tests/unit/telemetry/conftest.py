"""What the telemetry tests share: a recorder on a temporary directory, and replies to feed it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from msgspec import Raw

from headworks.core.clock import SystemClock
from headworks.core.ids import new_trace_id
from headworks.core.messages import Ask, Caller, Prices, Prompt, Route, Target
from headworks.core.replies import Chunk, Event, Finished, Reply, TextDelta, Usage, UsageReported
from headworks.telemetry import Recorder, TelemetrySettings, TraceStore
from headworks.telemetry.trace import Trace
from headworks.testing.clock import FakeClock

START_S = 1_795_428_000.0  # 2026-11-23T10:00:00Z
TARGET = Target(name="fast", provider="lab", provider_model="lab-small", dialect="openai")
FALLBACK = Target(name="slow", provider="shed", provider_model="shed-big", dialect="openai")
FREE = Target(name="free", provider="lab", provider_model="lab-free", dialect="openai")
ROUTE = Route(feature="support-bot", query_type="explicit", targets=(TARGET,))
CALLER = Caller(key_id="k1", key_name="app", org_id="acme", user_id="u1")


class FlatPricing:
    """Two nano-dollars per token; model `free` has no price. Estimates ten input tokens, one output token per word."""

    def cost_nano(self, target: Target, usage: Usage, at_s: float) -> int | None:
        return None if target.name == "free" else 2 * usage.total_tokens

    def prices(self, target: Target, at_s: float) -> Prices | None:
        return None if target.name == "free" else Prices(input=2, output=2)

    def estimate(self, target: Target, ask: Ask, output_text: str) -> Usage:
        return Usage(input_tokens=10, output_tokens=len(output_text.split()), estimated=True)


class Kit:
    """Words and helpers of these tests, through one fixture: test folders are not packages to import from."""

    START_S = START_S
    TARGET = TARGET
    FALLBACK = FALLBACK
    FREE = FREE
    ROUTE = ROUTE
    CALLER = CALLER

    @staticmethod
    def ask(**changes: object) -> Ask:
        fields: dict[str, object] = {
            "trace_id": new_trace_id(SystemClock.now()),
            "dialect": "openai",
            "kind": "chat",
            "model": "fast",
            "fields": {"model": Raw(b'"fast"'), "messages": Raw(b'[{"role":"user","content":"hello"}]')},
            "read_prompt": lambda: Prompt(messages=()),
            "user_id": "u1",
        }
        return Ask(**{**fields, **changes})

    @staticmethod
    async def chunks(*chunks: list[Event]) -> AsyncIterator[Chunk]:
        for events in chunks:
            yield Chunk(events)

    @staticmethod
    def reply(*chunks: list[Event], target: Target = TARGET) -> Reply:
        return Reply(target=target, streamed=True, chunks=Kit.chunks(*chunks))

    @staticmethod
    async def read(trace: Trace, reply: Reply) -> None:
        async for _ in trace.watch(reply).chunks:
            pass

    @staticmethod
    async def whole_call(recorder: Recorder, ask: Ask | None = None) -> str:
        """One answered call of 3 + 4 tokens; its trace id."""
        ask = ask or Kit.ask()
        trace = recorder.open(ask, CALLER, recorder_clock(recorder).monotonic())
        trace.routed(ROUTE)
        trace.attempt(TARGET, recorder_clock(recorder).monotonic())
        usage = UsageReported(Usage(input_tokens=3, output_tokens=4))
        await Kit.read(trace, Kit.reply([TextDelta("hi there")], [Finished("stop"), usage]))
        trace.close()
        return ask.trace_id


def recorder_clock(recorder: Recorder) -> FakeClock:
    return recorder._clock


@pytest.fixture
def kit() -> type[Kit]:
    return Kit


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START_S)


@pytest.fixture
def make_recorder(tmp_path: Path, clock: FakeClock) -> Callable[..., Recorder]:
    def make(**changes: object) -> Recorder:
        given: dict[str, object] = {"settings": TelemetrySettings(), "pricing": FlatPricing(), "clock": clock}
        return Recorder(tmp_path, **{**given, **changes})

    return make


@pytest.fixture
async def recorder(make_recorder: Callable[..., Recorder]) -> AsyncIterator[Recorder]:
    recorder = make_recorder()
    await recorder.start()
    yield recorder
    await recorder.stop()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> TraceStore:
    return TraceStore(tmp_path, clock)
