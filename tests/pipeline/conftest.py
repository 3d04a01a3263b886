"""The whole house in this process, with a provider double: calls go to its front door over ASGI, without a socket.

The gateway, the double and their event loop live as long as the test session, so a call takes about a millisecond.
Tests are plain functions and let the loop run by `house.ask(...)`; hypothesis can call them as often as it likes.
"""

import asyncio
import json
import random
import re
import textwrap
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from headworks.app import Gateway
from headworks.cache.where import Where
from headworks.config import links, load
from headworks.identity.records import KeySpec
from headworks.providers.health import LocalBoard
from headworks.providers.standings import Standings
from headworks.telemetry import TraceStore
from headworks.testing import FakeProvider

PATIENCE_S = 20
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
PRICE = "{input: 1.5, output: 6, cached: 0.25, cache_write_5m: 2, cache_write_1h: 3, reasoning: 7}"
CONFIG = f"""
data_dir: data
telemetry: {{logs: {{level: error}}}}
providers:
  oai: {{dialect: openai, base_url: "FAKE/v1", api_key: sk-oai-secret-0001, price_id: openai}}
  ant: {{dialect: anthropic, base_url: "FAKE/v1", api_key: sk-ant-secret-0002, price_id: anthropic}}
  gem: {{dialect: gemini, base_url: "FAKE/v1beta", api_key: sk-gem-secret-0003, price_id: google}}
  away: {{dialect: openai, base_url: "http://127.0.0.1:9/v1", api_key: sk-away-secret-0004}}
models:
  openai: {{provider: oai, model: my-oai, price_usd_per_mtok: {PRICE}}}
  anthropic: {{provider: ant, model: my-ant, price_usd_per_mtok: {PRICE}}}
  gemini: {{provider: gem, model: my-gem, price_usd_per_mtok: {PRICE}}}
  unpriced-openai: {{provider: oai, model: nobody-knows-1}}
  unpriced-anthropic: {{provider: ant, model: nobody-knows-2}}
  unpriced-gemini: {{provider: gem, model: nobody-knows-3}}
  loose-openai: {{provider: oai, model: my-oai, unsupported: drop}}
  loose-anthropic: {{provider: ant, model: my-ant, unsupported: drop}}
  loose-gemini: {{provider: gem, model: my-gem, unsupported: drop}}
  first: {{provider: oai, model: first-1, price_usd_per_mtok: {PRICE}, fallbacks: [second]}}
  second: {{provider: ant, model: second-1, price_usd_per_mtok: {PRICE}, fallbacks: [third]}}
  third: {{provider: gem, model: third-1, price_usd_per_mtok: {PRICE}}}
  absent: {{provider: away, model: x, fallbacks: [openai]}}
features:
  default: {{model: openai, retry: {{per_model: 0}}, resume: {{mode: off}}, too_long: []}}
  kept: {{model: openai}}
"""
"""By default one failure is looked at, at a time; `kept` is a feature as the product makes it."""


class EagerDice(random.Random):
    """Lets nobody wait longer than he must: back-offs of no time at all."""

    def uniform(self, a: float, b: float) -> float:
        return a


class Answer:
    """What the client received."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status: int = messages[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.pieces = [message["body"] for message in messages[1:]]
        self.body = b"".join(self.pieces)
        self.ended = not messages[-1].get("more_body", False)

    @property
    def trace_id(self) -> str:
        return self.headers["x-request-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """The error of an answer that is one, in either dialect."""
        return self.json["error"]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON of every event of a stream."""
        lines = self.body.decode().split("\n")
        return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]

    @property
    def facts(self) -> dict[str, Any]:
        """The comment line at the end of a stream."""
        (line,) = [line for line in self.body.decode().split("\n") if line.startswith(": headworks ")]
        return json.loads(line.removeprefix(": headworks "))

    @property
    def text(self) -> str:
        """The words of the answer, of any dialect, streamed or not."""
        if self.headers["content-type"].startswith("text/event-stream"):
            return "".join(map(_piece_of_text, self.events))
        if "choices" in self.json:
            return self.json["choices"][0]["message"]["content"]
        return "".join(block.get("text", "") for block in self.json["content"])


def _piece_of_text(event: dict[str, Any]) -> str:
    if "choices" in event:
        return "".join(choice["delta"].get("content") or "" for choice in event["choices"])
    return event.get("delta", {}).get("text", "")


class Visit:
    """A client while it is being answered."""

    def __init__(self, app: Callable[..., Coroutine[Any, Any, None]], scope: dict[str, Any], data: bytes) -> None:
        self.sent: list[dict[str, Any]] = []
        self._incoming = [{"type": "http.request", "body": data, "more_body": False}]
        self._gone = asyncio.Event()
        self._more = asyncio.Event()
        self._reads = asyncio.Event()
        self._reads.set()
        self.task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if self._incoming:
            return self._incoming.pop()
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await self._reads.wait()
        self.sent.append(message)
        self._more.set()

    async def until(self, words: bytes) -> None:
        """Wait until the answer holds these words."""
        while not any(words in message.get("body", b"") for message in self.sent):
            self._more.clear()
            await self._more.wait()

    async def leave(self) -> None:
        """Hang up, and wait until the gateway has let go."""
        self.go()
        await self.task

    def go(self) -> None:
        """Hang up."""
        self._gone.set()

    def stop_reading(self) -> None:
        """Take nothing until `read_on`."""
        self._reads.clear()

    def read_on(self) -> None:
        """Take everything again."""
        self._reads.set()

    @property
    def answer(self) -> Answer:
        """What came."""
        return Answer(self.sent)

    @property
    def trace_id(self) -> str:
        return Answer(self.sent).trace_id


class House:
    """A gateway in this process, and the double behind it."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self._folder = folder
        self.fake = FakeProvider()
        self.run(self.fake.start())
        self.gateway = Gateway(self.config(CONFIG), {})
        self.admin_key = self.run(self.gateway.start())
        self.key = self.new_key("acme")
        self.store = TraceStore(folder / "data", self.gateway._clock)

    def config(self, text: str):
        """The config of a YAML text, in which FAKE stands for the double's address."""
        path = self._folder / "headworks.yaml"
        path.write_text(text.replace("FAKE", self.fake.base_url), encoding="utf-8")
        return load(path, {})

    def configure(self, change: Callable[[str], str]) -> None:
        """Put a changed config in force."""
        self.reload(change(CONFIG))

    def reload(self, text: str) -> None:
        """Put a config in force, inside the loop as a running gateway does."""

        async def work() -> None:
            self.gateway.reload(self.config(text))

        self.run(work())

    def add(self, **sections: str) -> None:
        """Put the config in force with more in its sections, each given as the lines of a mapping."""
        text = CONFIG
        for section, lines in sections.items():
            text = text.replace(f"{section}:\n", f"{section}:\n{textwrap.indent(textwrap.dedent(lines), '  ')}\n", 1)
        self.reload(text)

    def new_key(self, org: str) -> str:
        """A client's key."""
        return self.gateway.keys.create(KeySpec(name="test", org=org), actor="test").key

    def forget(self) -> None:
        """As after a start: no breaker is open, no key is dead."""
        gateway = self.gateway
        gateway._standings = Standings(gateway._clock, LocalBoard())
        gateway._standings.rng = EagerDice()
        gateway.edge.house = gateway._house(gateway.config)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Let the loop run until `work` is done."""
        return self._runner.run(asyncio.wait_for(work, PATIENCE_S))

    def ask(self, body: dict[str, Any] | bytes, *, path: str = PATHS["openai"], **headers: str) -> Answer:
        """POST `body` to the front door and take the whole answer."""
        return self.run(self.asking(body, path=path, **headers))

    def chat(
        self, dialect: str, model: str, *, stream: bool = False, feature: str | None = None, **fields: Any
    ) -> Answer:
        """Ask `model` as a client of `dialect` does."""
        body = {"model": model, "max_tokens": 4096, "messages": [{"role": "user", "content": "Hello there"}]}
        named = {"x-headworks-feature": feature} if feature else {}
        return self.ask(body | {"stream": stream} | fields, path=PATHS[dialect], **named)

    async def asking(self, body: dict[str, Any] | bytes, *, path: str, method: str = "POST", **headers: str) -> Answer:
        """As `ask`, inside the loop."""
        visit = self.visit(body, path=path, method=method, **headers)
        await visit.task
        return Answer(visit.sent)

    def visit(
        self, body: dict[str, Any] | bytes, *, path: str = PATHS["openai"], method: str = "POST", **headers: str
    ) -> "Visit":
        """Begin a call, inside the loop."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"authorization": f"Bearer {self.key}"} | {name.replace("_", "-"): v for name, v in headers.items()}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        }
        return Visit(self.gateway.edge, scope, data)

    def record(self, answer: Answer) -> dict[str, Any]:
        """The trace record of an answer."""
        self.run(self.gateway.recorder.flush())
        found = self.store.get(answer.trace_id)
        assert found is not None, "an answered call has a record"
        return found

    def last_record(self) -> dict[str, Any]:
        """The trace record of the call that was made last, for those who never saw an answer."""
        self.run(self.gateway.recorder.flush())
        return self.store.list(limit=1)[0][0]

    def empty_cache(self) -> None:
        """As if nothing had ever been answered."""
        self.run(self.gateway._outfit.room.kit.store.purge(Where()))

    def entries(self):
        """What the cache holds."""
        store = self.gateway._outfit.room.kit.store
        return [store.get(key) for key in list(store._memory._held)]

    def at_rest(self) -> bool:
        """True when no call holds a place at a provider or a right to probe, and none waits for one."""
        report = self.gateway._standings.report(links(self.gateway.config))
        inside = [row["inside"] + row["waiting"] for row in report["providers"]]
        return not any(inside) and not any(lane["probing"] for lane in report["lanes"])

    def close(self) -> None:
        """End everything."""
        self.store.close()
        self.run(self.gateway.stop())
        self.run(self.fake.stop())
        self._runner.close()


class Replay:
    """A provider that answers every call with the same bytes, in pieces of the test's choosing."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.chunked = True

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1]))
        framing = "transfer-encoding: chunked\r\n" if self.chunked else ""
        writer.write(
            f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{framing}connection: close\r\n\r\n".encode()
        )
        for piece in self.pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self.chunked else piece)
            await asyncio.sleep(0)  # the gateway, on the same loop, reads before the next piece leaves
        writer.write(b"0\r\n\r\n" if self.chunked else b"")
        writer.close()


@pytest.fixture(scope="session")
def house_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The one house of this session."""
    made = House(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def house(house_of_session: House) -> Iterator[House]:
    """The house, with a good provider and the config above."""
    yield house_of_session
    house_of_session.reload(CONFIG)
    house_of_session.fake.recipes()


@pytest.fixture(autouse=True)
def _fresh_double(request: pytest.FixtureRequest) -> None:
    """Every test begins with a double that behaves and remembers nothing."""
    if "house" in request.fixturenames:
        house = request.getfixturevalue("house")
        house.forget()
        fake = house.fake
        fake.script([])
        fake.recipes()
        fake.forget()


@pytest.fixture(scope="module")
def replay(house):
    """The replaying provider; models `replay-openai` and so on lead to it, `safe-openai` and so on with a fallback."""
    replay = Replay()
    house.run(replay.start())
    dialects = {"openai": "v1", "anthropic": "v1", "gemini": "v1beta"}
    providers = "".join(
        f'  re-{name}: {{dialect: {name}, base_url: "{replay.url}/{path}", api_key: sk-none-000000}}\n'
        for name, path in dialects.items()
    )
    models = "".join(
        f"  replay-{name}: {{provider: re-{name}, model: m}}\n"
        f"  safe-{name}: {{provider: re-{name}, model: m, fallbacks: [openai]}}\n"
        for name in dialects
    )
    house.configure(
        lambda text: text.replace("providers:\n", "providers:\n" + providers).replace("models:\n", "models:\n" + models)
    )
    yield replay
    house.run(replay.stop())
    house.configure(lambda text: text)
