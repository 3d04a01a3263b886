"""Routes for indexes: what there is, a search, documents as bytes, and what is to go.

An upload is read, embedded and searchable when its answer comes. Its body is the document itself.
"""

from collections.abc import Callable
from typing import Annotated, Any, Protocol

import msgspec
import structlog
from fastapi import FastAPI, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from headworks.core.errors import BadAskError
from headworks.retrieval.config import NAME_PATTERN
from headworks.retrieval.ingest.options import Options
from headworks.retrieval.ingest.report import Report
from headworks.retrieval.passages import Mode, Passage, Wish

_Name = Annotated[str, Path(pattern=NAME_PATTERN)]
_Label = Annotated[str, Field(min_length=1, max_length=100)]
_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": {}}}}
_log = structlog.get_logger("headworks.retrieval")


class Indexes(Protocol):
    """The indexes, as far as they are worked on here."""

    max_upload_bytes: int

    def overview(self) -> list[dict[str, Any]]:
        """Every index. Called in threads, as the next."""

    def show(self, name: str) -> dict[str, Any]:
        """One index with its files.

        Raises:
            BadAskError: `unknown_index` (404).
        """

    async def search(self, name: str, wish: Wish) -> list[Passage]:
        """The passages that a search finds; raises as `show`."""

    async def upload(self, name: str, file: str, content: bytes, options: Options) -> Report:
        """Take in one document.

        Raises:
            BadAskError: It cannot be taken in, or another process is writing (`conflict`, 409).
        """

    async def remove(self, name: str, sources: tuple[str, ...] = ()) -> int:
        """Remove files, or the index whole; raises as `show`, and `unknown_document` (404)."""


class SearchBody(BaseModel):
    """A search."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(min_length=1, max_length=10_000)
    top_k: int = Field(default=5, ge=1, le=1000)
    labels: list[_Label] = []
    filters: dict[str, str | list[str]] = {}
    mode: Mode = "hybrid"

    def wish(self) -> Wish:
        """The same for the room."""
        filters = {name: one if isinstance(one, str) else tuple(one) for name, one in self.filters.items()}
        return Wish(query=self.query, top_k=self.top_k, labels=frozenset(self.labels), filters=filters, mode=self.mode)


class RemoveBody(BaseModel):
    """What is to go from an index; nothing named: the index whole."""

    model_config = ConfigDict(extra="forbid")

    sources: list[str] = Field(default=[], max_length=1000)


class UploadQuery(BaseModel):
    """What is said of a document."""

    model_config = ConfigDict(extra="forbid")

    label: list[_Label] = []
    link: str | None = Field(default=None, max_length=2000)
    metadata: list[str] = []

    def options(self) -> Options:
        """The same for the room.

        Raises:
            BadAskError: Metadata is not `name=value`.
        """
        pairs = [one.partition("=") for one in self.metadata]
        if not all(name and mark for name, mark, _ in pairs):
            raise BadAskError("`metadata` is name=value.", status=422, param="metadata")
        metadata = {name: value for name, _, value in pairs}
        return Options(labels=tuple(sorted(set(self.label))), metadata=metadata, link=self.link)


def add_indexes(app: FastAPI, indexes: Indexes) -> None:
    """Put the routes on `app`."""
    _add_looking(app, indexes)
    _add_changing(app, indexes)


def _add_looking(app: FastAPI, indexes: Indexes) -> None:
    @app.get("/admin/v1/indexes", response_model=dict[str, Any])
    def list_indexes() -> Response:
        """List the indexes."""
        return _json({"data": indexes.overview()})

    @app.get("/admin/v1/indexes/{name}", response_model=dict[str, Any])
    def show_index(name: _Name) -> Response:
        """Show one index with its files."""
        return _json(indexes.show(name))

    @app.post("/admin/v1/indexes/{name}/search", response_model=dict[str, Any])
    async def search_index(name: _Name, body: SearchBody) -> Response:
        """What a search finds for somebody with these labels."""
        return _json({"data": await indexes.search(name, body.wish())})


def _add_changing(app: FastAPI, indexes: Indexes) -> None:
    @app.put("/admin/v1/indexes/{name}/documents/{file}", response_model=dict[str, Any], openapi_extra=_BODY)
    async def upload_document(
        name: _Name,
        file: Annotated[str, Path(max_length=200)],
        query: Annotated[UploadQuery, Query()],
        request: Request,
    ) -> Response:
        """Take in a document, in place of an older one of this name. The end of its name says its kind."""
        content = await _content(request.stream, indexes.max_upload_bytes)
        report = await indexes.upload(name, file, content, query.options())
        if report.troubles:
            raise BadAskError(f"`{file}` was not taken in. {report.troubles[0].reason}", code="unreadable_document")
        _log.info("document_uploaded", index=name, document=file, chunks=report.chunks)
        return _json(report)

    @app.post("/admin/v1/indexes/{name}/remove", response_model=dict[str, Any])
    async def remove_documents(name: _Name, body: RemoveBody) -> Response:
        """Remove documents, folders or patterns; the index whole where none is named."""
        gone = await indexes.remove(name, tuple(body.sources))
        _log.info("documents_removed", index=name, sources=body.sources or "all", files=gone)
        return _json({"removed": gone})


async def _content(stream: Callable[[], Any], most: int) -> bytes:
    """The body, as far as it may be large."""
    parts: list[bytes] = []
    size = 0
    async for part in stream():
        size += len(part)
        if size > most:
            raise BadAskError(f"A document has at most {most} bytes (`max_file_bytes`).", status=413)
        parts.append(part)
    return b"".join(parts)


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
