"""The admin API of the real process: what it says is what the gateway does."""

import asyncio
import http.client
import json
from collections import defaultdict
from urllib.parse import urlsplit

import pytest

from headworks.testing import Recipe

HELLO = {"messages": [{"role": "user", "content": "Hello there"}]}
SECRET = "sk-provider-secret"
SOON_S = 1.0


@pytest.fixture
def http_of(gateway):
    """Status and body of a request to the gateway."""
    place = urlsplit(gateway.url)

    def ask(method, path, body, key):
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
        data = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, data, {"authorization": f"Bearer {key}"} if key else {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), answer.headers["x-request-id"]
        finally:
            connection.close()

    async def asking(method, path, body=None, *, key=None):
        return await asyncio.to_thread(ask, method, path, body, gateway.admin_key if key is None else key)

    return asking


async def chat(http_of, key, **fields):
    """A call of an application."""
    return await http_of("POST", "/v1/chat/completions", {"model": "gpt"} | HELLO | fields, key=key)


async def test_a_key_works_as_long_as_the_api_says_and_only_for_what_it_says(http_of, fake):
    wish = {"name": "bot", "org": "acme", "user": "ann", "models": ["gpt"], "features": ["diary"]}
    status, made, _ = await http_of("POST", "/admin/v1/keys", wish)
    assert (status, sorted(made)) == (201, ["id", "key"])
    status, answer, _ = await chat(http_of, made["key"], model="feature/diary")
    assert (status, answer["model"]) == (200, "feature/diary")
    assert (await chat(http_of, made["key"], model="claude"))[0] == 403
    assert (await chat(http_of, made["key"]))[0] == 403, "who names no feature asks the default one"
    status, models, _ = await http_of("GET", "/v1/models", key=made["key"])
    assert [model["id"] for model in models["data"]] == ["gpt", "feature/diary"]
    status, shown, _ = await http_of("POST", f"/admin/v1/keys/{made['id']}/revoke")
    assert (status, shown["status"]) == (200, "revoked")
    async with asyncio.timeout(SOON_S):
        while (await http_of("GET", "/v1/models", key=made["key"]))[0] != 401:
            pass  # each look is a request: the pause is the answer's
    _, detail, _ = await http_of("GET", f"/admin/v1/keys/{made['id']}")
    assert made["key"] not in json.dumps(detail)
    assert [entry["action"] for entry in detail["history"]]


async def test_a_call_is_found_by_every_fact_of_it(http_of, gateway, fake):
    fake.script([Recipe(text="to be found")])
    _, _, trace_id = await chat(http_of, gateway.key, model="feature/diary", user="a-rare-user")
    path = "/admin/v1/traces?feature=diary&model=gpt&user=a-rare-user&status=ok&org=default&limit=1"
    async with asyncio.timeout(5):
        while not (page := (await http_of("GET", path))[1])["data"]:
            pass
    (found,) = page["data"]
    assert found["trace_id"] == trace_id
    assert "request" not in found
    _, whole, _ = await http_of("GET", f"/admin/v1/traces/{trace_id}")
    assert "Hello there" in json.dumps(whole["request"])
    assert "to be found" in json.dumps(whole["response"])
    assert whole["total_tokens"] == found["total_tokens"] > 0


async def test_pages_hold_every_call_once_newest_first(http_of, gateway, fake):
    asked = [(await chat(http_of, gateway.key, user="pager"))[2] for _ in range(5)]
    path = "/admin/v1/traces?user=pager&limit=2"
    async with asyncio.timeout(5):
        while len((await http_of("GET", "/admin/v1/traces?user=pager"))[1]["data"]) < 5:
            pass
    seen, cursor = [], ""
    while cursor is not None:
        _, page, _ = await http_of("GET", f"{path}&cursor={cursor}" if cursor else path)
        seen += [record["trace_id"] for record in page["data"]]
        cursor = page["next"]
    assert seen == asked[::-1]


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"model": "gpt"}, True),
        ({"model": "claude", "logit_bias": {}}, False),
        ({"model": "nobody"}, False),
        ({"model": "auto"}, True),
        ({"model": "embedder"}, True),
    ],
)
async def test_explain_says_what_then_happens(http_of, gateway, fake, fields, sent):
    body = HELLO | fields
    status, told, _ = await http_of("POST", "/admin/v1/explain", {"body": body})
    assert (status, told["sent"]) == (200, sent)
    fake.expect(0)
    await chat(http_of, gateway.key, **fields)
    fake.expect(1 if sent else 0)


async def test_the_config_is_shown_without_a_secret(http_of):
    status, config, _ = await http_of("GET", "/admin/v1/config")
    assert status == 200
    assert {"gpt", "claude", "gemini"} <= set(config["models"])
    assert SECRET not in json.dumps(config)


@pytest.mark.parametrize("path", ["/admin/v1/keys", "/admin/v1/config", "/admin/v1/openapi.json", "/admin/v1/no"])
async def test_only_the_admin_key_opens_the_door(http_of, gateway, path):
    assert (await http_of("GET", path, key=""))[0] == 401
    assert (await http_of("GET", path, key="hw-wrong"))[0] == 401
    assert (await http_of("GET", path, key=gateway.key))[0] == 403


async def test_the_admin_key_is_no_key_for_calls(http_of, gateway, fake):
    assert (await chat(http_of, gateway.admin_key))[0] == 401
    fake.expect(0)


async def test_the_document_names_what_is_served(http_of):
    _, document, _ = await http_of("GET", "/admin/v1/openapi.json")
    for path, methods in document["paths"].items():
        for method in methods:
            status, _, _ = await http_of(method.upper(), path.format_map(defaultdict(lambda: "x")))
            assert status != 405
