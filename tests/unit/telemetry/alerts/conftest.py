"""What the tests of alerts share: a server that plays Slack and other receivers, and desks on one data directory."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headworks.config.posting import posting
from headworks.core.people.alerting import Alert
from headworks.providers.outbound.http import Outbound
from headworks.telemetry.alerts import AlertDesk, AlertSettings
from headworks.testing.clock import FakeClock

START_S = 1_795_428_000.0  # 2026-11-23T10:00:00Z, a Monday


class Receiver:
    """Keeps what it is sent. `status` is what it answers; `stuck`, while set, keeps it from answering."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.retry_after: str | None = None
        self.free = threading.Event()
        self.free.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append((self.path, headers, body))
                receiver.free.wait(20)
                self.send_response(receiver.status)
                if receiver.retry_after is not None:
                    self.send_header("retry-after", receiver.retry_after)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *args: None  # a client that left in the middle
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def bodies(self) -> list[Any]:
        return [msgspec.json.decode(body) for _, _, body in self.received]

    def close(self) -> None:
        self.free.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Kit:
    """Desks that share a data directory, and the clock they go by."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self.folder = folder
        self.receiver = receiver
        self.clock = FakeClock(START_S)
        self.outbound = Outbound()
        self.desks: list[AlertDesk] = []

    def settings(self, **given: Any) -> AlertSettings:
        channels = given.pop("channels", {"hook": {"webhook_url": f"{self.receiver.url}/hook"}})
        return AlertSettings.model_validate({"group_s": 0, "channels": channels, **given})

    def desk(self, **given: Any) -> AlertDesk:
        desk = AlertDesk(self.folder, self.settings(**given), self.clock, posting(self.outbound))
        self.desks.append(desk)
        return desk

    def alert(self, **given: Any) -> Alert:
        usual = {"kind": "budget_mark", "subject": "org acme, month", "severity": "warning", "title": "80% are spent."}
        return Alert(**{**usual, **given})

    async def turn(self, desk: AlertDesk, seconds: float = 0.0) -> None:
        """Let time pass, let the desk do what is due, and wait until that has arrived."""
        self.clock.advance(seconds)
        await desk.turn()
        await desk.settled()

    def told(self) -> list[list[tuple[str, str, bool]]]:
        """The messages of the webhook: subject, severity and whether it is over, of each alert."""
        return [[(a["subject"], a["severity"], a["resolved"]) for a in body["alerts"]] for body in self.receiver.bodies]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
async def kit(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path, receiver)
    yield kit
    receiver.free.set()
    await asyncio.gather(*(desk.stop() for desk in kit.desks))
    await kit.outbound.close()
