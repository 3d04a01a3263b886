"""A Valkey server for the session, emptied before each test; another of a test's own where it is to be harmed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
import structlog
from tests.contract.cache.valkey import Valkey

from headworks.cache.entries import Entry, Facets
from headworks.cache.shared.settings import SharedSettings
from headworks.cache.shared.store import SharedStore
from headworks.core.clock import SystemClock
from headworks.core.replies import Finished, Started, TextDelta

SETTINGS = SharedSettings(call_s=0.5, look_s=0.2, work_s=1.0, first_pause_s=0.02, longest_pause_s=0.1)
"""A call may wait long where waiting is not what is tested: the machine may be busy."""
PATIENCE_S = 20.0
CLOCK = SystemClock()


@pytest.fixture
def start() -> Iterator[Callable[..., Valkey]]:
    """Starts a server that this test may harm."""
    servers: list[Valkey] = []

    def make(*options: str, port: int = 0) -> Valkey:
        servers.append(Valkey(*options, port=port))
        servers[-1].start()
        return servers[-1]

    yield make
    for server in servers:
        server.remove()


class Nodes:
    """Makes nodes, and stops them when the test ends."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def add(self, url: str, settings: SharedSettings = SETTINGS, **options: object) -> SharedStore:
        store = SharedStore(url, settings, options.get("clock") or CLOCK)  # type: ignore[arg-type]
        if (on_rule := options.get("on_rule")) is not None:
            store.subscribe(on_rule)  # type: ignore[arg-type]
        await store.start(options.get("since"))  # type: ignore[arg-type]
        self._stack.push_async_callback(store.stop)
        return store


@pytest.fixture
async def nodes() -> AsyncIterator[Nodes]:
    async with AsyncExitStack() as stack:
        yield Nodes(stack)


@pytest.fixture
def lines() -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


def entry(number: int = 0, text: str = "An answer.", **facets: object) -> Entry:
    return Entry(
        key=number.to_bytes(32, "big"),
        facets=Facets(**{"org": "acme", "user": "alice", "feature": "bot", **facets}),  # type: ignore[arg-type]
        created_s=CLOCK.now(),
        expires_s=CLOCK.now() + 3600,
        model="fast",
        provider="one",
        provider_model="model-1",
        events=[Started("id", "model-1"), TextDelta(text), Finished("stop")],
        cost_nano=5,
    )


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  what changes it is another process, or many things
            await asyncio.sleep(0.002)
