"""Hostile and broken requests: a clear 4xx in the client's dialect, no provider call, and the gateway lives."""

import asyncio
import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

HELLO = {"model": "gpt", "messages": [{"role": "user", "content": "hi"}]}
CLAUDE = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"


def request(gateway, path, body, *, method="POST", key=None, headers=()):
    """Status, headers and parsed body of one request."""
    place = urlsplit(gateway.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    sent = {"authorization": f"Bearer {gateway.key if key is None else key}", **dict(headers)}
    try:
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        text = response.read()
        return response.status, response.headers, json.loads(text) if text else None
    finally:
        connection.close()


BAD_BODIES = {
    "empty": b"",
    "broken": b'{"model": "gpt", "messages": [',
    "not an object": b"[1, 2]",
    "not JSON": b"hello",
    "bad UTF-8": b'{"model":"gpt","max_tokens":5,"messages":[{"role":"user","content":"\xff\xfe"}]}',
    "deep": b'{"model":"gpt","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "no messages": {"model": "gpt", "max_tokens": 5},
    "empty messages": HELLO | {"messages": [], "max_tokens": 5},
    "messages of a wrong type": HELLO | {"messages": {"role": "user"}, "max_tokens": 5},
    "no model": {"messages": HELLO["messages"], "max_tokens": 5},
    "model of a wrong type": HELLO | {"model": 5, "max_tokens": 5},
    "negative max_tokens": HELLO | {"max_tokens": -1},
    "max_tokens of a wrong type": HELLO | {"max_tokens": "many"},
    "unknown role": HELLO | {"messages": [{"role": "emperor", "content": "x"}], "max_tokens": 5},
    "number as content": HELLO | {"messages": [{"role": "user", "content": 5}], "max_tokens": 5},
}


@pytest.mark.parametrize("name", BAD_BODIES)
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_a_bad_body(gateway, fake, name, path):
    status, headers, body = request(gateway, path, BAD_BODIES[name])
    assert status == 400
    assert body["error"]["code"] == "invalid_request"
    assert body["error"]["message"]
    assert headers["x-should-retry"] == "false"
    assert (body.get("type") == "error") is (path == MESSAGES)
    assert body.get("request_id", headers["x-request-id"]) == headers["request-id"]
    assert fake.expect(0) == []


async def test_a_body_of_50_mb_is_413(gateway, fake):
    status, _, body = request(gateway, CHAT, HELLO | {"pad": "x" * 50_000_000})
    assert status == 413
    assert "max_body_bytes" in body["error"]["message"]
    assert fake.expect(0) == []


def test_a_chunked_body_over_the_limit_is_413(gateway):
    place = urlsplit(gateway.url)
    with socket.create_connection((place.hostname, place.port), timeout=20) as line:
        head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {gateway.key}\r\n"
        line.sendall(f"{head}transfer-encoding: chunked\r\n\r\n".encode())
        piece = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        answer = b""
        line.settimeout(0.01)
        for _ in range(60):
            line.settimeout(10)
            line.sendall(piece)
            line.settimeout(0.005)
            try:
                answer += line.recv(65536)
            except TimeoutError:
                continue
            break
    assert b" 413 " in answer


@pytest.mark.parametrize(
    "key", ["", "hw-", "sk-whatever", "hw-abcdefgh-" + "x" * 43, "x" * 100_000, "' OR 1=1 --", "hw-\u00ff"]
)
@pytest.mark.parametrize(("path", "body"), [(CHAT, HELLO), (MESSAGES, CLAUDE)])
async def test_a_bad_key_is_401_before_anything_is_read(gateway, fake, key, path, body):
    status, _, answer = request(gateway, path, body, key=key.encode("latin-1").decode("latin-1"))
    assert status in (401, 431, 400) if len(key) > 10_000 else status == 401
    if status == 401:
        assert answer["error"]["code"] == "invalid_api_key"
    assert fake.expect(0) == []


async def test_an_unknown_model_is_404_with_a_suggestion(gateway, fake):
    status, _, body = request(gateway, CHAT, HELLO | {"model": "gppt"})
    assert (status, body["error"]["code"]) == (404, "unknown_model")
    assert "gpt" in body["error"]["message"]
    assert fake.expect(0) == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", CHAT, 405), ("POST", "/v1/models", 405), ("POST", "/v1/nowhere", 404), ("GET", "/", 404)],
)
def test_a_wrong_path_or_method(gateway, method, path, status):
    found, _, body = request(gateway, path, b"{}", method=method)
    assert found == status
    assert body["error"]["code"]


async def test_nobody_can_name_an_upstream(gateway, fake):
    evil = {"base_url": "http://127.0.0.1:1/v1", "api_base": "http://127.0.0.1:1", "api_key": "sk-x"}
    headers = {"host": "evil.example", "x-forwarded-host": "evil"}
    status, _, _ = await asyncio.to_thread(request, gateway, CHAT, HELLO | evil, headers=headers)
    assert status == 200
    (call,) = fake.expect(1)
    assert call.headers["authorization"] == "Bearer sk-provider-secret-oai"


def test_a_compressed_body_is_refused_by_name(gateway):
    status, _, body = request(gateway, CHAT, b"\x1f\x8b", headers={"content-encoding": "gzip"})
    assert status == 415
    assert "gzip" in body["error"]["message"]


@pytest.mark.parametrize("raw", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /v1/x\r\n\r\n"])
def test_bytes_that_are_not_http_end_their_connection_only(gateway, raw):
    place = urlsplit(gateway.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as line:
        line.sendall(raw)
        line.recv(4096)
    assert request(gateway, "/healthz", b"", method="GET")[0] == 200


async def test_after_all_that_the_gateway_answers_and_logged_no_bug(gateway, fake):
    assert (await asyncio.to_thread(request, gateway, CHAT, HELLO))[0] == 200
    assert '"event":"bug"' not in gateway.log()
    assert "sk-provider-secret" not in gateway.log()
    assert gateway.key not in gateway.log()
