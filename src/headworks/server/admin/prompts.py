"""Routes for prompts: push files, look at versions, move labels, try them."""

from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Query, Request, Response
from pydantic import BaseModel, Field

from headworks.prompts.files import MAX_SOURCE
from headworks.prompts.names import checked_label, read_reference
from headworks.prompts.registry import Registry, Source, views
from headworks.prompts.registry.pushing import MAX_FILES
from headworks.prompts.rendering import render_answer
from headworks.prompts.room import Prompts
from headworks.server.admin.shapes import Asked

ACTOR = "admin key"
_Name = Annotated[str, Path(max_length=200)]
_Number = Annotated[int, Path(ge=1)]
_Why = Annotated[str, Query(max_length=1_000)]


class PromptFile(Asked):
    """A file to be pushed."""

    name: str = Field(min_length=1, max_length=200)
    """Of the prompt: the file's name without `.md`."""
    source: str = Field(max_length=MAX_SOURCE)
    """The file's text."""
    file: str = Field(default="", max_length=1_000)
    """What errors call it; `NAME.md` when left out."""


class Push(Asked):
    """Files to be kept as versions. All are found right before the first is kept."""

    files: list[PromptFile] = Field(min_length=1, max_length=MAX_FILES)
    """The files; what they include is looked for among them first."""
    why: str = Field(default="", max_length=1_000)
    """Your words, kept with each version."""
    dry_run: bool = False
    """Say what would come of it, and keep nothing."""


class LabelMove(Asked):
    """Where a label is to go."""

    version: int = Field(ge=1)
    """The number of the version."""
    why: str = Field(default="", max_length=1_000)
    """Your words, kept with the move."""
    expected: int | None = Field(default=None, ge=0)
    """The version it is believed to be at, 0 for none: 409 when it is not. Left out: wherever it is."""


class Rollback(Asked):
    """A label is to go back to where it was before."""

    why: str = Field(default="", max_length=1_000)
    """Your words, kept with the move."""
    expected: int | None = Field(default=None, ge=0)
    """The version it is believed to be at: 409 when it is not."""


class PushedView(BaseModel):
    """What came of the files: `new`, `unchanged`, or `noted` when only description, tests or comments differ."""

    data: list[dict[str, Any]]


class LabelView(BaseModel):
    """Where a label is, null for nowhere, and the moves that brought it there, the newest first."""

    name: str
    label: str
    version: int | None
    moves: list[dict[str, Any]] = []


class ListView(BaseModel):
    """A list."""

    data: list[dict[str, Any]]


class DiffView(BaseModel):
    """A unified diff of two versions; empty when they are the same."""

    diff: str


class FilesView(BaseModel):
    """Prompt files by name."""

    files: dict[str, str]


class GoneView(BaseModel):
    """A version that is marked as deleted."""

    name: str
    version: int
    deleted: bool


def add_prompts(app: FastAPI, registry: Registry, count_tokens: views.CountTokens | None = None) -> None:
    """Put the routes on `app`.

    Args:
        app: The admin API.
        registry: The prompts.
        count_tokens: Says how many tokens of a prompt stand; None leaves it unsaid.
    """
    _add_versions(app, registry, count_tokens)
    _add_changes(app, registry)
    _add_labels(app, registry)
    prompts = Prompts(registry)

    @app.post("/admin/v1/prompts/{name}/render", response_model=dict[str, Any])
    async def render_prompt(name: _Name, request: Request) -> Response:
        """Say what a prompt says with these variables, without asking a model."""
        return Response(render_answer(prompts, name, await request.body()), media_type="application/json")


def _add_versions(app: FastAPI, registry: Registry, count_tokens: views.CountTokens | None) -> None:
    @app.get("/admin/v1/prompts", response_model=ListView)
    async def list_prompts() -> Response:
        """List prompts by name, with their labels."""
        return _json({"data": views.listed(registry)})

    @app.get("/admin/v1/prompts/{name}", response_model=dict[str, Any])
    async def show_prompt(name: _Name) -> Response:
        """Show the newest version of a prompt."""
        return _json(views.shown(registry, name, None, count_tokens))

    @app.get("/admin/v1/prompts/{name}/versions", response_model=ListView)
    async def list_versions(name: _Name) -> Response:
        """List the versions of a prompt, the newest first."""
        return _json({"data": views.lines(registry, name)})

    @app.get("/admin/v1/prompts/{name}/versions/{reference}", response_model=dict[str, Any])
    async def show_version(name: _Name, reference: _Name) -> Response:
        """Show the version of a number, or under a label."""
        return _json(views.shown(registry, name, read_reference(reference), count_tokens))

    @app.get("/admin/v1/prompts/{name}/diff/{before}/{after}", response_model=DiffView)
    async def diff_versions(name: _Name, before: _Name, after: _Name) -> Response:
        """Say what differs between two versions, each by its number or label."""
        return _json({"diff": views.difference(registry, name, read_reference(before), read_reference(after))})

    @app.get("/admin/v1/prompt-files", response_model=FilesView)
    async def export_prompts(
        name: Annotated[str | None, Query(max_length=200)] = None,
        reference: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        """Give back the files of one prompt or of all, as they were pushed."""
        wanted = None if reference is None else read_reference(reference)
        return _json({"files": views.exported(registry, name, wanted)})


def _add_changes(app: FastAPI, registry: Registry) -> None:
    @app.post("/admin/v1/prompts", response_model=PushedView)
    async def push_prompts(body: Push) -> Response:
        """Push files. The same content makes no new version."""
        sources = [Source(name=file.name, source=file.source, file=file.file) for file in body.files]
        done = await registry.push(sources, who=ACTOR, why=body.why, dry_run=body.dry_run)
        return _json({"data": done})

    @app.delete("/admin/v1/prompts/{name}/versions/{number}", response_model=GoneView)
    async def delete_version(name: _Name, number: _Number, why: _Why = "") -> Response:
        """Mark a version as deleted. Labels and callers that refer to it go on being served."""
        version = await registry.delete(name, number, who=ACTOR, why=why)
        return _json({"name": name, "version": version.number, "deleted": True})


def _add_labels(app: FastAPI, registry: Registry) -> None:
    @app.get("/admin/v1/prompts/{name}/labels/{label}", response_model=LabelView)
    async def show_label(name: _Name, label: _Name) -> Response:
        """Say where a label is and has been."""
        hung = registry.shelf.label(name, label)
        moves = views.moves(await registry.moves(name, label))
        number = None if hung is None else hung.label.version
        return _json({"name": name, "label": label, "version": number, "moves": moves})

    @app.post("/admin/v1/prompts/{name}/labels/{label}", response_model=LabelView)
    async def move_label(name: _Name, label: _Name, body: LabelMove) -> Response:
        """Move a label, or put it up. 409 when somebody else has moved it, 403 when it is protected."""
        moved = await registry.move(
            name, checked_label(label), body.version, who=ACTOR, why=body.why, expected=body.expected
        )
        return _json({"name": name, "label": label, "version": moved.version, "moves": []})

    @app.post("/admin/v1/prompts/{name}/labels/{label}/rollback", response_model=LabelView)
    async def roll_back(name: _Name, label: _Name, body: Rollback) -> Response:
        """Move a label back to the version it was at before."""
        moved = await registry.rollback(name, label, who=ACTOR, why=body.why, expected=body.expected)
        return _json({"name": name, "label": label, "version": moved.version, "moves": []})

    @app.delete("/admin/v1/prompts/{name}/labels/{label}", response_model=LabelView)
    async def take_label_down(name: _Name, label: _Name, why: _Why = "") -> Response:
        """Take a label down."""
        await registry.unlabel(name, label, who=ACTOR, why=why)
        return _json({"name": name, "label": label, "version": None, "moves": []})


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
