"""The real process, a real provider double, real clients: one gateway for the session, a fresh double for each test."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from headworks.testing import FakeProvider

UP_S = 30

CONFIG = """
server: {{port: 0, keep_alive_comment_s: 0.3, drain_grace_s: 2}}
providers:
  oai:
    {{dialect: openai, base_url: "http://127.0.0.1:{port}/v1", api_key: sk-provider-secret-oai, price_id: openai}}
  ant:
    {{dialect: anthropic, base_url: "http://127.0.0.1:{port}/v1", api_key: sk-provider-secret-ant, price_id: anthropic}}
  gem:
    {{dialect: gemini, base_url: "http://127.0.0.1:{port}/v1beta", api_key: sk-provider-secret-gem, price_id: google}}
models:
  gpt: {{provider: oai, model: gpt-4o-mini}}
  claude: {{provider: ant, model: claude-haiku-4-5}}
  gemini: {{provider: gem, model: gemini-2.5-flash}}
  limited: {{provider: oai, model: fake/rate-limited}}
  down: {{provider: oai, model: fake/down}}
  cut: {{provider: oai, model: fake/cut}}
  embedder: {{provider: oai, model: text-embedding-3-small}}
  gemini-embedder: {{provider: gem, model: gemini-embedding-001}}
features:
  default: {{model: gpt, retry: {{per_model: 0}}, resume: {{mode: off}}}}
  diary: {{model: gpt, capture: bodies}}
  cached: {{model: gpt, cache: {{exact: on}}}}
"""
"""Most tests look at one failure at a time: the default feature tries nothing twice."""


class Gateway:
    """A `headworks serve` process of its own, in a folder of its own."""

    def __init__(self, folder: Path, config: str, **environ: str) -> None:
        self.folder = folder
        self.config = folder / "headworks.yaml"
        self.config.write_text(config, encoding="utf-8")
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder)} | environ
        self.url = self.key = self.admin_key = ""
        self.printed = ""

    def start(self) -> "Gateway":
        """Start the process and wait until it listens."""
        self.printed = ""
        log = (self.folder / "gateway.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "headworks", "serve", "--config", str(self.config)],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        log.close()
        listening = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(listening,), daemon=True)
        self._reader.start()
        assert listening.wait(UP_S), f"not up in {UP_S} s: {self.log()}"
        self.url = re.search(r"http://[\d.:]+", self.printed).group()
        found = {name: re.search(rf"{pattern}: (\S+)", self.printed) for name, pattern in _KEYS.items()}
        self.key = found["key"].group(1) if found["key"] else self.key
        self.admin_key = found["admin_key"].group(1) if found["admin_key"] else self.admin_key
        return self

    def _read(self, listening: threading.Event) -> None:
        for line in self.process.stdout:
            self.printed += line
            if "curl" in line:
                listening.set()
        listening.set()

    def log(self) -> str:
        """Everything it logged."""
        return (self.folder / "gateway.log").read_text(encoding="utf-8")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(30)
        self._reader.join(5)
        self.process.stdout.close()
        return code

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a `headworks` command on this gateway's config."""
        line = [sys.executable, "-m", "headworks", *command, "--config", str(self.config)]
        return subprocess.run(line, cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=60)


class Drills:
    """`headworks drill run all`, in the background."""

    def __init__(self, folder: Path) -> None:
        self._told = folder / "told.json"
        self._wrong = folder / "wrong.txt"
        with self._told.open("wb") as told, self._wrong.open("wb") as wrong:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "headworks", "drill", "run", "all", "--json", "--parallel", "12"],
                cwd=folder,
                env={"PATH": os.environ["PATH"], "HOME": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=wrong,
            )

    def verdicts(self) -> dict[str, dict[str, Any]]:
        """What became of each, once all are over."""
        code = self._running.wait(300)
        assert code in (0, 1), self._wrong.read_text(encoding="utf-8")
        return {verdict["name"]: verdict for verdict in json.loads(self._told.read_bytes())["verdicts"]}

    def stop(self) -> None:
        """End them if they are not over."""
        self._running.terminate()
        self._running.wait(30)


_KEYS = {"key": "A first key for your applications, shown this once", "admin_key": "Admin key, shown this once"}


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session", autouse=True)
def drills(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drills | None]:
    """The shipped drills, begun with the first test here where their tests are to run: they wait most of their time."""
    if not any(item.path.name == "test_drills.py" for item in request.session.items):
        yield None
        return
    begun = Drills(tmp_path_factory.mktemp("drills"))
    yield begun
    begun.stop()


@pytest.fixture(scope="session")
def fake_port() -> int:
    """Where the provider double of each test listens."""
    return free_port()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory, fake_port: int) -> Iterator[Gateway]:
    """The gateway that most tests share."""
    started = Gateway(tmp_path_factory.mktemp("gateway"), CONFIG.format(port=fake_port)).start()
    yield started
    started.stop()


@pytest.fixture
def own_gateway(tmp_path: Path, fake_port: int) -> Iterator[Gateway]:
    """A gateway for one test, to kill or to reconfigure; not started yet."""
    made = Gateway(tmp_path, CONFIG.format(port=fake_port))
    yield made
    if hasattr(made, "process") and made.process.poll() is None:
        made.stop(signal.SIGKILL)


@pytest.fixture(autouse=True)
def _as_after_a_start(request: pytest.FixtureRequest) -> None:
    """No breaker is open and no key is dead because of the test before."""
    if "gateway" in request.fixturenames:
        shared = request.getfixturevalue("gateway")
        asked = urllib.request.Request(
            f"{shared.url}/admin/v1/health/reset",
            method="POST",
            data=b"",
            headers={"authorization": f"Bearer {shared.admin_key}"},
        )
        urllib.request.urlopen(asked, timeout=UP_S).close()


@pytest.fixture
async def fake(fake_port: int) -> AsyncIterator[FakeProvider]:
    """The provider double."""
    async with FakeProvider(port=fake_port) as provider:
        yield provider


def until(condition, within_s: float = 10.0, every_s: float = 0.02):
    """Ask `condition` until it is truthy; its value. For what another process does, where nothing can be awaited."""
    ends = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(every_s)
    return value


@pytest.fixture
def eventually():
    """`until`, for tests."""
    return until
