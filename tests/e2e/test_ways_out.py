"""Every way a call can end leaves exactly one record, with what was used."""

import asyncio
import json
import signal
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from openai import APIError, AsyncOpenAI

from headworks.telemetry import TraceStore
from headworks.testing import Recipe

HELLO = [{"role": "user", "content": "Hello there"}]
SLOW = Recipe(tokens=200, tokens_per_second=40)


def records(gateway):
    """Every record of a gateway's ledger."""
    store = TraceStore(gateway.folder / "headworks-data")
    try:
        return [record for page in store.pages() for record in page]
    finally:
        store.close()


def record(gateway, eventually, trace_id):
    """One record, as soon as it is stored."""

    def stored():
        return next((found for found in records(gateway) if found["trace_id"] == trace_id), None)

    return eventually(stored)


async def test_an_answered_call_is_whole_on_record(gateway, fake, eventually):
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key) as client:
        fake.script([Recipe(text="one two three")])
        headers = {"x-headworks-user": "ann", "x-headworks-session": "s1", "x-headworks-tags": "team=red,env=test"}
        answer = await client.chat.completions.create(model="gpt", messages=HELLO, extra_headers=headers)
    found = record(gateway, eventually, answer._request_id)
    assert found["status"] == "ok"
    assert (found["model"], found["provider"], found["provider_model"]) == ("gpt", "oai", "gpt-4o-mini")
    assert (found["user_id"], found["session_id"]) == ("ann", "s1")
    assert found["tags"] == {"team": "red", "env": "test"}
    assert found["total_tokens"] == answer.usage.total_tokens
    assert found["cost_usd"] > 0
    assert found["latency_ms"] >= found["ttft_ms"] > 0
    assert "request" not in found
    assert len(found["attempts"]) == 1


async def test_a_client_that_leaves_ends_the_provider_call_within_a_second(gateway, fake, eventually):
    place = urlsplit(gateway.url)
    body = json.dumps({"model": "gpt", "messages": HELLO, "stream": True}).encode()
    fake.script([SLOW])
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {gateway.key}\r\n"
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    received = await reader.readuntil(b"\r\n\r\n")
    trace_id = received.split(b"x-request-id: ")[1][:32].decode()
    await reader.readuntil(b"Hello")
    writer.transport.abort()
    await fake.until(lambda: fake.calls and fake.calls[0].cancelled, within_s=1)
    found = record(gateway, eventually, trace_id)
    assert found["status"] == "client_gone"
    assert found["prompt_tokens"] > 0
    assert 0 < found["completion_tokens"] < 200
    assert found["cost_usd"] > 0


async def test_a_client_that_leaves_while_it_waits_for_json_ends_the_provider_call(gateway, fake, eventually):
    place = urlsplit(gateway.url)
    body = json.dumps({"model": "gpt", "messages": HELLO}).encode()
    fake.script([Recipe(silence_s=30)])
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {gateway.key}\r\n"
    _, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    await fake.until(lambda: len(fake.calls) == 1)
    writer.transport.abort()
    await fake.until(lambda: fake.calls[0].cancelled, within_s=1)


async def test_a_failed_and_a_refused_call_are_on_record(gateway, fake, eventually):
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0) as client:
        fake.script([Recipe(status=500), Recipe(tokens=20, cut_after_tokens=5)])
        with pytest.raises(APIError) as failed:
            await client.chat.completions.create(model="gpt", messages=HELLO)
        with pytest.raises(APIError) as refused:
            await client.chat.completions.create(model="nobody", messages=HELLO)
        with pytest.raises(APIError) as unread:
            await client.chat.completions.create(model="gpt", messages=[])
    for caught, status, code in (
        (failed, "failed", "provider_error"),
        (refused, "refused", "unknown_model"),
        (unread, "refused", "invalid_request"),
    ):
        found = record(gateway, eventually, caught.value.response.headers["x-request-id"])
        assert (found["status"], found["error_code"]) == (status, code)


async def test_a_slow_stream_is_kept_alive_by_comments(gateway, fake):
    fake.script([Recipe(tokens=6, stall_after_tokens=2, stall_s=1.2)])
    place = urlsplit(gateway.url)
    body = json.dumps({"model": "gpt", "messages": HELLO, "stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {gateway.key}\r\n"
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
    received = await reader.read()
    writer.close()
    assert 2 <= received.count(b": keep-alive\n") <= 5
    assert b"data: [DONE]" in received
    facts = json.loads(received.split(b": headworks ")[1].split(b"\n")[0])
    assert facts["cost_usd"]
    assert facts["completion_tokens"] == 6


async def test_bodies_are_kept_only_where_the_feature_says_so(gateway, fake, eventually):
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key) as client:
        fake.script([Recipe(text="dear diary")])
        answer = await client.chat.completions.create(model="feature/diary", messages=HELLO)
    assert answer.model == "feature/diary"
    record(gateway, eventually, answer._request_id)
    store = TraceStore(gateway.folder / "headworks-data")
    found = store.get(answer._request_id)
    store.close()
    assert "Hello there" in json.dumps(found["request"])
    assert "dear diary" in json.dumps(found["response"])


async def test_feedback_joins_the_trace(gateway, fake, eventually):
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key) as client:
        answer = await client.chat.completions.create(model="gpt", messages=HELLO)
        note = {"trace_id": answer._request_id, "feedback": "thumbs_up", "score": 0.9, "comment": "nice"}
        assert (await client.post("/feedback", body=note, cast_to=object)) == {"status": "recorded"}
        with pytest.raises(APIError, match="no trace"):
            await client.post("/feedback", body=note | {"trace_id": "0" * 32}, cast_to=object)
    found = record(gateway, eventually, answer._request_id)
    assert found["user_feedback"]["feedback"] == "thumbs_up"


async def test_sigterm_lets_running_streams_finish_and_takes_no_new_calls(own_gateway, fake, eventually):
    gateway = own_gateway.start()
    fake.script([Recipe(tokens=20, tokens_per_second=20)])
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0) as client:
        stream = await client.chat.completions.create(model="gpt", messages=HELLO, stream=True)
        chunks = []
        async for chunk in stream:
            chunks.append(chunk)
            if len(chunks) == 3:
                gateway.process.send_signal(signal.SIGTERM)
        with pytest.raises(APIError):
            await client.chat.completions.create(model="gpt", messages=HELLO)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert await asyncio.to_thread(gateway.stop) == 0
    assert [found["status"] for found in records(gateway)] == ["ok"]


async def test_sigterm_cuts_what_is_over_the_grace_and_says_so(own_gateway, fake):
    gateway = own_gateway.start()
    fake.script([Recipe(tokens=2000, tokens_per_second=20)])
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0) as client:
        stream = await client.chat.completions.create(model="gpt", messages=HELLO, stream=True)
        await anext(aiter(stream))
        gateway.process.send_signal(signal.SIGTERM)
        with pytest.raises(APIError, match="shutting down"):
            await exhaust(stream)
    assert await asyncio.to_thread(gateway.stop) == 0
    (found,) = records(gateway)
    assert found["status"] == "shutdown"
    assert found["completion_tokens"] > 0


async def exhaust(stream):
    """Read a stream to its end."""
    async for _ in stream:
        pass


LOAD = r"""
import sys, threading
from openai import OpenAI
client = OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)
def ask(stream):
    while True:
        answer = client.chat.completions.with_raw_response.create(
            model="gpt", messages=[{"role": "user", "content": "hi"}], stream=stream)
        if stream:
            for _ in answer.parse(): pass
        else:
            answer.parse()
        sys.stdout.write(answer.headers["x-request-id"] + "\n")
        sys.stdout.flush()
threads = [threading.Thread(target=ask, args=(i % 2 == 0,), daemon=True) for i in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


@pytest.mark.parametrize("answered", [40, 300])
async def test_kill_9_under_load_loses_no_answered_call_and_doubles_none(own_gateway, fake, answered, tmp_path):
    gateway = own_gateway.start()
    script = tmp_path / "load.py"
    script.write_text(LOAD, encoding="utf-8")
    load = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        f"{gateway.url}/v1",
        gateway.key,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    seen = [(await load.stdout.readline()).decode().strip() for _ in range(answered)]
    gateway.process.kill()
    rest = await load.stdout.read()
    await load.wait()
    seen += rest.decode().split()
    await asyncio.to_thread(gateway.stop)
    gateway.start()
    await asyncio.to_thread(gateway.stop)
    found = [kept["trace_id"] for kept in records(gateway) if kept["status"] == "ok"]
    assert set(seen) <= set(found)
    assert len(found) == len(set(found))
    assert {kept["status"] for kept in records(gateway)} <= {"ok", "lost"}


async def test_a_reader_that_does_not_read_slows_the_provider_and_fills_no_memory(gateway, fake):
    fake.script([Recipe(tokens=150_000)])
    place = urlsplit(gateway.url)
    body = json.dumps({"model": "gpt", "messages": HELLO, "stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {gateway.key}\r\n"
    reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=4096)
    before = resident_bytes(gateway)
    writer.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
    sent = -1
    while not fake.calls or fake.calls[0].bytes_sent > sent:
        sent = fake.calls[0].bytes_sent if fake.calls else -1
        await asyncio.sleep(0.3)
    assert sent < 20_000_000
    assert resident_bytes(gateway) - before < 20_000_000
    received, rest = 0, b""
    while piece := await reader.read(1 << 20):
        received += len(piece)
        rest = (rest + piece)[-200:]
    writer.close()
    assert b"data: [DONE]" in rest
    assert received > 25_000_000


def resident_bytes(gateway):
    """Resident memory of the gateway's process."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def test_the_listener_of_a_dead_gateway_is_free_again(own_gateway):
    own_gateway.start()
    place = urlsplit(own_gateway.url)
    own_gateway.stop()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((place.hostname, place.port))
    assert Path(own_gateway.folder / "headworks-data").is_dir()
