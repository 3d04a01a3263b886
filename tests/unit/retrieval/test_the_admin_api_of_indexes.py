"""Indexes through the admin API: uploads, searches, removal, and what is refused."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from fastapi import FastAPI
from msgspec import Struct
from tests.unit.retrieval.conftest import House, WordEmbedder

from headworks.core.errors import HeadworksError
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.service import RetrievalRoom
from headworks.server.admin.app import _ours
from headworks.server.admin.index import add_indexes

BOOK = "/admin/v1/indexes/book"


class Answer(Struct):
    status_code: int
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Api:
    """Calls an ASGI application."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def get(self, path: str) -> Answer:
        return await self._call("GET", path, "", b"")

    async def post(self, path: str, json: Any) -> Answer:
        return await self._call("POST", path, "", msgspec.json.encode(json))

    async def put(self, path: str, content: bytes, params: dict[str, str] | None = None) -> Answer:
        return await self._call("PUT", path, urlencode(params or {}), content)

    async def _call(self, method: str, path: str, query: str, body: bytes) -> Answer:
        sent: list[Any] = []
        path, _, more = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "root_path": "",
            "query_string": (query or more).encode(),
            "headers": [(b"content-type", b"application/json")],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        return Answer(sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]))


@pytest.fixture
async def api(house: House) -> AsyncIterator[Api]:
    room = RetrievalRoom(
        house.shelf.folder.parent, IndexSettings(max_file_bytes=2000), house.embedder, WordEmbedder, house.clock
    )
    app = FastAPI()
    app.add_exception_handler(HeadworksError, _ours)
    add_indexes(app, room)
    yield Api(app)
    room.close()


async def test_an_upload_is_found_by_whoever_has_its_label_and_by_nobody_else(api: Api) -> None:
    said = {"label": "hr", "link": "https://wiki.example.com/a", "metadata": "lang=en"}
    done = await api.put(f"{BOOK}/documents/leave.md", params=said, content=b"# Leave\n\nFive days go over.")
    assert (done.status_code, done.json()["chunks"]) == (200, 1)
    found = await api.post(f"{BOOK}/search", json={"query": "days", "labels": ["hr"], "filters": {"lang": "en"}})
    (passage,) = found.json()["data"]
    assert (passage["document"], passage["link"]) == ("upload:leave.md", "https://wiki.example.com/a")
    assert (await api.post(f"{BOOK}/search", json={"query": "days"})).json() == {"data": []}
    again = await api.put(f"{BOOK}/documents/leave.md", content=b"# Leave\n\nSix days go over.")
    assert again.json()["changed"] == 1
    shown = (await api.get(BOOK)).json()
    assert [file["name"] for file in shown["data"]] == ["upload:leave.md"]
    assert (await api.get("/admin/v1/indexes")).json()["data"][0]["chunks"] == 1


async def test_what_was_removed_is_not_found(api: Api) -> None:
    for name in ("a.txt", "b.txt"):
        await api.put(f"{BOOK}/documents/{name}", content=b"apples")
    assert (await api.post(f"{BOOK}/remove", json={"sources": ["upload:a.txt"]})).json() == {"removed": 1}
    assert len((await api.post(f"{BOOK}/search", json={"query": "apples"})).json()["data"]) == 1
    assert (await api.post(f"{BOOK}/remove", json={})).json() == {"removed": 1}
    assert (await api.get(BOOK)).status_code == 404


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/documents/a.exe", b"x", 400),
        ("/documents/a.pdf", b"no pdf", 400),
        ("/documents/a.txt", b"", 413),
        ("/documents/a.txt", b"x" * 2001, 413),
        ("/documents/a.txt?metadata=none", b"x", 422),
    ],
)
async def test_what_cannot_be_taken_in_is_refused(api: Api, path: str, content: bytes, status: int) -> None:
    assert (await api.put(BOOK + path, content=content)).status_code == status


async def test_an_unknown_index_is_not_found(api: Api) -> None:
    answer = await api.post("/admin/v1/indexes/none/search", json={"query": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_index")
    assert (await api.post("/admin/v1/indexes/a.b/search", json={"query": "x"})).status_code == 422
