"""The routes for flags, over a board in memory."""

from typing import Any

import msgspec
import pytest
from fastapi import FastAPI

from headworks.core.errors import HeadworksError
from headworks.flags.evaluation import Flags, FlagShelf
from headworks.server.admin.flagging.definitions import add_flags
from headworks.testing import FakeBoard

ON = {"type": "boolean", "default": "on"}


class Api:
    """Calls the routes as an ASGI application; our own errors are raised, as the whole admin API words them."""

    def __init__(self) -> None:
        board = FakeBoard()
        self.flags = Flags(board)
        self.flags.fit({"of-file": {"type": "boolean", "default": "off"}})
        self.app = FastAPI()
        add_flags(self.app, FlagShelf(self.flags, board))

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        path, _, query = path.partition("?")
        sent: list[Any] = []
        raw = b"" if body is None else msgspec.json.encode(body)
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": f"/admin/v1/flags{path}",
            "raw_path": f"/admin/v1/flags{path}".encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"content-type", b"application/json")],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        return sent[0]["status"], msgspec.json.decode(b"".join(one.get("body", b"") for one in sent[1:]))

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str | None]:
        with pytest.raises(HeadworksError) as caught:
            await self(method, path, body)
        return caught.value.status, caught.value.code, caught.value.param


@pytest.fixture
def api() -> Api:
    return Api()


async def test_a_flag_from_its_making_to_its_end(api: Api):
    status, made = await api("PUT", "/f", {"definition": ON, "expected": 0, "why": "try it"})
    assert status == 200
    assert made == {
        "name": "f",
        "source": "board",
        "definition": ON,
        "version": 1,
        "changed_at": "2026-01-01T00:00:00.000Z",
        "who": "admin key",
        "why": "try it",
        "fault": None,
        "hidden": False,
    }
    assert await api("GET", "/f") == (200, made)
    assert [one["name"] for one in (await api("GET", ""))[1]["data"]] == ["f", "of-file"]
    _, found = await api("POST", "/f/evaluate", {"context": {"targetingKey": "u"}})
    assert (found["value"], found["variant"], found["reason"], found["rule"]) == (True, "on", "STATIC", None)
    assert await api.refused("PUT", "/f", {"definition": ON, "expected": 0}) == (409, "conflict", None)
    assert await api("DELETE", "/f?expected=1&why=done") == (200, {"name": "f", "version": 2})
    assert await api.refused("GET", "/f") == (404, "unknown_flag", "name")


async def test_flags_of_the_file_are_read_only(api: Api):
    assert (await api("GET", "/of-file"))[1]["source"] == "config"
    assert await api.refused("PUT", "/of-file", {"definition": ON}) == (409, "conflict", "name")
    assert await api.refused("DELETE", "/of-file") == (409, "conflict", "name")


async def test_a_wrong_definition_is_refused_at_its_place(api: Api):
    rules = [{"variant": "on"}, {"split": {"on": 60, "off": 50}}]
    found = await api.refused("PUT", "/f", {"definition": {**ON, "rules": rules}})
    assert found == (422, "invalid_request", "rules[1].split")
    assert await api.refused("GET", "/f") == (404, "unknown_flag", "name")


@pytest.mark.parametrize(
    "body", [{}, {"definition": "x"}, {"definition": {}, "expected": "1"}, {"definition": {}, "x": 1}]
)
async def test_a_body_of_another_shape_is_refused(api: Api, body: Any):
    assert (await api("PUT", "/f", body))[0] == 422


async def test_an_unknown_flag_is_not_evaluated(api: Api):
    assert await api.refused("POST", "/nope/evaluate", {}) == (404, "unknown_flag", "name")
