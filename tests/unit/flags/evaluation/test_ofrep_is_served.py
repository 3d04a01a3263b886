"""Flags over the OpenFeature Remote Evaluation Protocol, called as an ASGI application."""

from typing import Any

import msgspec
import pytest

from headworks.core.errors import RefusedError
from headworks.core.messages import Caller
from headworks.flags.evaluation import Flags
from headworks.server.ofrep import BULK, Ofrep
from headworks.testing import FakeBoard

ORG = {"when": {"attribute": "org", "equals": "acme"}, "variant": "on"}
DEFINITIONS = {
    "acme-only": {"type": "boolean", "default": "off", "rules": [ORG], "metadata": {"owner": "search"}},
    "halves": {"type": "string", "variants": {"a": "A", "b": "B"}, "rules": [{"split": {"a": 50, "b": 50}}]},
    "disabled": {"type": "boolean", "default": "on", "enabled": False},
    "static": {"type": "object", "variants": {"v": {"top_k": 5}}, "default": "v"},
}


class FakeIdentity:
    def caller(self, key: str) -> Caller:
        if key not in {"acme", "beta"}:
            raise RefusedError("This key is not valid.", code="invalid_api_key", status=401)
        return Caller(key_id=f"k-{key}", key_name="app", org_id=key)


class Client:
    """Calls the application; the key is that of `acme` unless another is named."""

    def __init__(self) -> None:
        self.board = FakeBoard()
        self.flags = Flags(self.board)
        self.flags.fit(DEFINITIONS, text=False)
        self.app = Ofrep(self.flags, FakeIdentity(), limit_bytes=1_000_000)

    async def __call__(
        self, path: str, body: Any = None, *, key: str = "acme", method: str = "POST", raw: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        sent: list[Any] = []
        given = {"authorization": f"Bearer {key}", **headers}
        content = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": raw,
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        answer = sent[1]["body"]
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], told, msgspec.json.decode(answer) if answer else None

    async def one(self, flag: str, context: Any, **more: Any) -> tuple[int, Any]:
        status, _, found = await self(f"{BULK}/{flag}", {"context": context}, **more)
        return status, found


@pytest.fixture
def client() -> Client:
    return Client()


async def test_one_flag_is_evaluated(client: Client):
    assert await client.one("acme-only", {}) == (
        200,
        {
            "key": "acme-only",
            "value": True,
            "variant": "on",
            "reason": "TARGETING_MATCH",
            "metadata": {"owner": "search"},
        },
    )
    assert await client.one("static", {}) == (
        200,
        {"key": "static", "value": {"top_k": 5}, "variant": "v", "reason": "STATIC"},
    )


async def test_a_key_may_come_as_x_api_key(client: Client):
    status, _, _ = await client(f"{BULK}/static", {}, key="", authorization="", x_api_key="acme")
    assert status == 200


async def test_what_the_gateway_knows_of_a_key_is_not_overridden(client: Client):
    status, found = await client.one("acme-only", {"org": "acme", "key": "k-acme"}, key="beta")
    assert (status, found["value"]) == (200, False)


async def test_a_disabled_flag_leaves_the_default_of_the_application(client: Client):
    assert await client.one("disabled", {}) == (200, {"key": "disabled", "reason": "DISABLED"})


async def test_a_flag_that_is_unknown(client: Client):
    status, found = await client.one("nope", {})
    assert status == 404
    assert (found["key"], found["errorCode"]) == ("nope", "FLAG_NOT_FOUND")
    assert found["errorDetails"]


async def test_an_encoded_name_is_one_name(client: Client):
    status, _, found = await client(f"{BULK}/a/b", {}, raw=f"{BULK}/a%2Fb?x=1".encode())
    assert (status, found["key"]) == (404, "a/b")


async def test_unicode_targeting_keys(client: Client):
    for key in ("zoë", "用户", "🙂", "a" * 10_000):
        status, found = await client.one("halves", {"targetingKey": key})
        assert (status, found["reason"]) == (200, "SPLIT")


async def test_a_missing_targeting_key(client: Client):
    for context in ({}, {"targetingKey": ""}, {"targetingKey": None}):
        status, found = await client.one("halves", context)
        assert (status, found["errorCode"]) == (400, "TARGETING_KEY_MISSING")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "PARSE_ERROR"),
        (b"\xff", "PARSE_ERROR"),
        (b"[" * 200_000, "PARSE_ERROR"),
        ([], "PARSE_ERROR"),
        ({"context": []}, "INVALID_CONTEXT"),
        ({"context": {"targetingKey": 5}}, "INVALID_CONTEXT"),
    ],
)
async def test_a_body_that_is_wrong(client: Client, body: Any, code: str):
    status, _, found = await client(f"{BULK}/static", body)
    assert (status, found["errorCode"], found["key"]) == (400, code, "static")
    status, _, found = await client(BULK, body)
    assert (status, found["errorCode"]) == (400, code)
    assert "key" not in found


async def test_a_huge_context_is_read_up_to_the_limit(client: Client):
    status, found = await client.one("halves", {"targetingKey": "u"} | {f"k{n}": "v" * 50 for n in range(10_000)})
    assert (status, found["reason"]) == (200, "SPLIT")
    status, _, found = await client(f"{BULK}/halves", b" " * 1_000_001, content_length="1000001")
    assert status == 413
    assert "limit" in found["errorDetails"]


async def test_all_flags_at_once_with_errors_beside(client: Client):
    status, headers, found = await client(BULK, {"context": {}})
    assert status == 200
    assert headers["etag"].startswith('"')
    assert [(one["key"], one.get("reason"), one.get("errorCode")) for one in found["flags"]] == [
        ("acme-only", "TARGETING_MATCH", None),
        ("disabled", "DISABLED", None),
        ("halves", None, "TARGETING_KEY_MISSING"),
        ("static", "STATIC", None),
    ]


async def test_a_client_that_has_the_same_already_gets_nothing(client: Client):
    body = {"context": {"targetingKey": "u"}}
    _, headers, _ = await client(BULK, body)
    tag = headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        status, headers, found = await client(BULK, body, if_none_match=known)
        assert (status, headers, found) == (304, {"etag": tag}, None)
    assert (await client(BULK, body, if_none_match='"other"'))[0] == 200
    assert (await client(BULK, body, if_none_match=""))[0] == 200


async def test_the_tag_changes_with_what_is_told_and_with_nothing_else(client: Client):
    async def tag(org: str = "acme", **context: Any) -> str:
        return (await client(BULK, {"context": {"targetingKey": "u", **context}}, key=org))[1]["etag"]

    first = await tag()
    assert await tag(email="someone@else.org") == first
    assert await tag("beta") != first
    await client.board.put("flag", "new", b'{"type": "boolean", "default": "on"}', who="test")
    assert await tag() != first


async def test_another_node_gives_the_same_tag(client: Client):
    body = {"context": {"targetingKey": "u"}}
    assert (await client(BULK, body))[1]["etag"] == (await Client()(BULK, body))[1]["etag"]


async def test_without_a_valid_key_nothing_is_told(client: Client):
    for path in (BULK, f"{BULK}/static", "/ofrep/v1/other"):
        status, headers, found = await client(path, {}, key="wrong")
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        assert found == {"errorDetails": "This key is not valid."}


async def test_other_paths_and_methods(client: Client):
    assert (await client("/ofrep/v1/configuration", method="GET"))[0] == 404
    assert (await client(BULK, method="GET"))[0] == 405
