"""The admin API over a real key ring, called as an ASGI application."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from headworks.cache.counts import Counts
from headworks.cache.local import LocalSettings, LocalStore
from headworks.cache.upkeep import LocalTiers, Upkeep
from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Caller
from headworks.core.people.alerting import Unheard
from headworks.flags.evaluation import Flags, FlagShelf
from headworks.flags.experiments import Batch, Checks
from headworks.flags.switches import Switches
from headworks.flags.trials import Trials
from headworks.identity.ring import KeyRing
from headworks.prompts.registry.registry import Registry
from headworks.providers.faults import GameDay
from headworks.server.admin import AdminRooms, admin_app
from headworks.server.replays import Replays
from headworks.testing import FakeBoard
from headworks.testing.clock import FakeClock

ADMIN_KEY = "the-admin-key-of-this-test"


class Answer(Struct):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def error(self) -> dict[str, Any]:
        assert set(self.json) == {"error"}
        assert set(self.json["error"]) == {"message", "type", "param", "code"}
        return self.json["error"]


class Step(Struct):
    step: str
    decision: str


class FakeTraces:
    """Two records, and a note of how they were asked for."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.fail: Exception | None = None

    def list(self, **filters: Any) -> tuple[list[dict[str, Any]], str | None]:
        self.asked = filters
        if self.fail is not None:
            raise self.fail
        if filters["cursor"] not in (None, "next"):
            raise BadAskError("No such cursor.", param="cursor")
        return [{"trace_id": "t1", "cost_usd": "0.00023"}], "next"

    def get(self, trace_id: str) -> dict[str, Any] | None:
        return {"trace_id": "t1"} if trace_id == "t1" else None

    def report(self, query: Any) -> dict[str, Any]:
        self.asked = query
        if self.fail is not None:
            raise self.fail
        return {"by": ["day"], "rows": [{"day": "2026-11-23", "cost_usd": "0.000000001"}], "totals": {}}


class FakeBudgets:
    """Nothing has a limit."""

    async def standings(self, key_limits: Any) -> list[Any]:
        return []


class FakeAlerts:
    """One alert; channel `ops` works, `pager` does not."""

    def __init__(self) -> None:
        self.channels = {"ops": None, "pager": "Channel `pager` answered with status 404."}

    async def listed(self) -> dict[str, Any]:
        return {"alerts": [{"kind": "budget_mark", "subject": "org acme, month"}], "undelivered": []}

    async def test(self, name: str | None = None) -> dict[str, str | None]:
        if name not in {None, *self.channels}:
            raise BadAskError("No such channel.", code="unknown_channel", status=404, param="channel")
        return {key: error for key, error in self.channels.items() if name in {None, key}}


class AdminClient:
    """Calls the API without a network."""

    def __init__(self, ring: KeyRing, clock: FakeClock, kept: LocalStore) -> None:
        self.ring, self.clock, self.traces = ring, clock, FakeTraces()
        self.kept, self.counts = kept, Counts()
        self.asks: list[tuple[Ask, Caller]] = []
        self.game_day: GameDay | None = None
        self.resets: list[str] = []
        self.app = admin_app(self.rooms(self.traces), limit_bytes=100_000)

    def rooms(self, traces: Any) -> AdminRooms:
        board = FakeBoard(self.clock)
        checks = Checks(features=dict, complaint=lambda *_: None)
        return AdminRooms(
            replays=Replays(lambda: None, self.clock),
            switches=Switches(board, self.clock, Unheard()),
            trials=Trials(board, checks, lambda *_: Batch(calls=[], opinions=[], place=()), self.clock, Unheard()),
            count_tokens=len,
            prompts=Registry(board, self.clock),
            flags=FlagShelf(Flags(board), board),
            keys=self.ring,
            traces=traces,
            config=self.config,
            explain=self.explain,
            health=lambda: {"lanes": [], "providers": []},
            reset_health=lambda: self.resets.append("reset"),
            alerts=FakeAlerts(),
            budgets=FakeBudgets,
            cache=Upkeep({"local": LocalTiers(self.kept)}, self.clock, self.counts),
            game_day=lambda: self.game_day,
            clock=self.clock,
        )

    @staticmethod
    def config() -> dict[str, Any]:
        return {"providers": {"openai": {"api_key": "sk-very-secret-123456", "base_url": "https://u:pw@host/v1"}}}

    def explain(self, ask: Ask, caller: Caller) -> list[Step]:
        self.asks.append((ask, caller))
        return [Step("refused" if ask.model == "nope" else "route", f"model {ask.model}")]

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        headers = headers or {"authorization": f"Bearer {ADMIN_KEY}"}
        raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        pieces = [raw[at : at + 40_000] for at in range(0, len(raw), 40_000)] or [b""]
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            if not pieces:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        begun = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        assert begun["content-type"] == "application/json"
        assert len(begun["x-request-id"]) == 32
        return Answer(sent[0]["status"], begun, b"".join(message.get("body", b"") for message in sent[1:]))


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[AdminClient]:
    clock = FakeClock()
    ring = KeyRing(tmp_path, clock, b"p" * 32)
    await ring.start()
    ring.ensure_admin_key({"HEADWORKS_ADMIN_KEY": ADMIN_KEY})
    kept = LocalStore(tmp_path, LocalSettings(), clock)
    await kept.start()
    yield AdminClient(ring, clock, kept)
    await kept.stop()
    await ring.stop()
