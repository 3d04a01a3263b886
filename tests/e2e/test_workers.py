"""Several workers on one socket, with real processes: they share the work, and what happens to one loses nothing."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from headworks.telemetry import TraceStore
from headworks.testing import Recipe

HELLO = {"model": "gpt", "messages": [{"role": "user", "content": "Hello there"}]}


@pytest.fixture
def two(own_gateway):
    """A running gateway with two workers."""
    text = own_gateway.config.read_text(encoding="utf-8")
    own_gateway.config.write_text(text.replace("port: 0", "port: 0, workers: 2"), encoding="utf-8")
    yield own_gateway.start()
    if own_gateway.process.poll() is None:
        own_gateway.stop()


def workers(gateway) -> dict[str, int]:
    """Process ids of its living workers by name."""
    found = {}
    for pid in children(gateway.process.pid):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"headworks.cli.serving.worker" in line:
            found[line[-3].decode()] = pid
    return found


def children(pid: int) -> list[int]:
    """Process ids of the living children of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def call(gateway, *, stream: bool = False) -> str:
    """One whole call on a connection of its own; the id of its record."""
    headers = {"authorization": f"Bearer {gateway.key}", "content-type": "application/json"}
    body = json.dumps(HELLO | {"stream": stream}).encode()
    trace_id = ""
    try:
        with urlopen(Request(f"{gateway.url}/v1/chat/completions", body, headers), timeout=30) as answer:
            trace_id = answer.headers["x-request-id"]
            answer.read()
    except (OSError, HTTPException):
        if not stream:
            raise
    return trace_id


async def ask(gateway) -> str:
    """A call that is answered."""
    return await asyncio.to_thread(call, gateway)


async def read_stream(gateway) -> str:
    """A stream, read until the gateway ends it, well or badly."""
    return await asyncio.to_thread(call, gateway, stream=True)


def kept(gateway) -> dict[str, str]:
    """How each call on record ended, by trace id."""
    store = TraceStore(gateway.folder / "headworks-data")
    try:
        return {record["trace_id"]: record["status"] for page in store.pages() for record in page}
    finally:
        store.close()


def answered(gateway) -> float:
    """Calls answered so far, as `/metrics` has them."""
    with urlopen(f"{gateway.url}/metrics", timeout=30) as page:
        lines = page.read().decode().splitlines()
    counts = [line for line in lines if line.startswith("headworks_requests_total{") and '"ok"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in counts)


async def test_each_worker_answers_and_all_is_recorded_and_counted_together(two, fake, eventually):
    asked = []
    for sleeper in workers(two).values():
        os.kill(sleeper, signal.SIGSTOP)  # whatever is asked now, the other one answers
        asked += [await ask(two) for _ in range(3)]
        os.kill(sleeper, signal.SIGCONT)
    eventually(lambda: kept(two).keys() == set(asked))
    for _ in range(4):  # whichever worker is asked
        eventually(lambda: answered(two) == 6)
    assert fake.calls[0].path.endswith("/chat/completions")


async def test_a_killed_worker_is_replaced_and_its_records_are_recovered(two, fake, eventually):
    before = workers(two)
    fake.script([Recipe(tokens=200, tokens_per_second=20)] * 4)
    streams = [asyncio.create_task(read_stream(two)) for _ in range(4)]
    await fake.until(lambda: len(fake.calls) == 4)
    os.kill(before["0"], signal.SIGSTOP)
    by_other = [await ask(two) for _ in range(2)]
    os.kill(before["0"], signal.SIGCONT)
    os.kill(before["1"], signal.SIGKILL)

    def is_replaced() -> bool:
        now = workers(two)
        return now.keys() == {"0", "1"} and now["1"] != before["1"]

    eventually(is_replaced)
    eventually(lambda: two.log().count('"event":"ready"') == 3)
    assert workers(two)["0"] == before["0"]
    by_survivors = [await ask(two) for _ in range(4)]
    assert await asyncio.to_thread(two.stop) == 0
    ends = kept(two)
    begun = [trace_id for trace_id in await asyncio.gather(*streams) if trace_id]
    assert {ends[trace_id] for trace_id in by_other + by_survivors} == {"ok"}
    assert {ends[trace_id] for trace_id in begun} <= {"lost", "shutdown"}
    assert len(ends) == 6 + len(streams)
    assert '"worker_died"' in two.log()


async def test_what_a_dead_worker_counted_stays_counted(two, fake, eventually):
    calls = [await ask(two) for _ in range(6)]
    eventually(lambda: answered(two) == len(calls))
    for pid in workers(two).values():
        os.kill(pid, signal.SIGKILL)
    calls.append(await ask(two))  # waits in the queue of the socket until a worker is there
    eventually(lambda: answered(two) == len(calls))


async def test_sigterm_ends_all_and_lets_streams_finish(two, fake):
    fake.script([Recipe(tokens=20, tokens_per_second=20)] * 4)
    pids = workers(two).values()
    streams = [asyncio.create_task(read_stream(two)) for _ in range(4)]
    await fake.until(lambda: len(fake.calls) == 4)
    assert await asyncio.to_thread(two.stop) == 0
    assert not any(map(alive, pids))
    assert sorted(kept(two)) == sorted(await asyncio.gather(*streams))
    assert set(kept(two).values()) == {"ok"}


async def test_workers_end_with_a_supervisor_that_is_killed(two, fake, eventually):
    pids = list(workers(two).values())
    await ask(two)
    assert await asyncio.to_thread(two.stop, signal.SIGKILL) == -signal.SIGKILL
    eventually(lambda: not any(map(alive, pids)))
    two.printed = ""
    two.start()  # the socket is free again, and so is the folder of the metrics
    await ask(two)


async def test_all_workers_take_a_new_config_and_refuse_a_bad_one(two, fake, eventually):
    good = two.config.read_text(encoding="utf-8")
    two.config.write_text(
        good.replace("models:\n", "models:\n  renamed: {provider: oai, model: gpt-4o-mini}\n"), "utf-8"
    )
    two.process.send_signal(signal.SIGHUP)
    eventually(lambda: two.log().count('"config_reloaded"') >= 2)
    two.config.write_text("models: nonsense\n", encoding="utf-8")
    two.process.send_signal(signal.SIGHUP)
    eventually(lambda: '"config_refused"' in two.log())
    os.kill(workers(two)["0"], signal.SIGKILL)  # its successor serves what was last accepted
    eventually(lambda: two.log().count('"event":"ready"') == 3)
    for sleeper in workers(two).values():
        os.kill(sleeper, signal.SIGSTOP)
        page = Request(f"{two.url}/v1/models/renamed", headers={"authorization": f"Bearer {two.key}"})
        with await asyncio.to_thread(urlopen, page, timeout=30) as answer:
            assert answer.status == 200
        os.kill(sleeper, signal.SIGCONT)


def test_a_worker_that_cannot_start_ends_the_start(own_gateway):
    own_gateway.config.write_text("server: {port: 0, workers: 2}\nproviders: {local: {catalog: local}}\n", "utf-8")
    (own_gateway.folder / "headworks-data").mkdir()
    (own_gateway.folder / "headworks-data" / "spool").write_text("in the way", encoding="utf-8")
    done = own_gateway.run("serve")
    assert done.returncode == 1
    assert "Admin key, shown this once" in done.stdout
    assert "listens" not in done.stdout
    assert "A worker did not start" in done.stderr
    assert "spool" in done.stderr


@pytest.mark.parametrize("count", [1, 2])
def test_programs_are_greeted_in_json(own_gateway, count):
    own_gateway.config.write_text(f"server: {{port: 0, workers: {count}}}\n", encoding="utf-8")
    line = [sys.executable, "-m", "headworks", "serve", "--json", "--config", str(own_gateway.config)]
    with subprocess.Popen(line, env=own_gateway.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        told = json.loads(process.stdout.readline())
        process.terminate()
        assert process.wait(30) == 0
    assert told["url"].startswith("http://127.0.0.1:")
    assert told["admin_key"].startswith("hw-admin-")
    assert told["key"].startswith("hw-")
