"""The route for reports: what was called, used and spent, from the roll-ups of the ledger."""

from typing import Annotated, Literal

import msgspec
from fastapi import FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from headworks.identity.records import NAME_CHARACTERS
from headworks.server.admin.rooms import TraceStore
from headworks.telemetry.ledger.rollups.wish import ReportQuery

MOST_ROWS = 10_000
_Text = Annotated[str | None, Field(max_length=NAME_CHARACTERS)]


class ReportWish(BaseModel):
    """What to report."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    by: str = Field(default="day", max_length=200)
    """Names between commas: at most one of `hour`, `day`, `week`, `month`, and any of `org`, `user`, `key`, `feature`,
    `model`, `provider`, `prompt`. Empty for one sum."""
    since: _Text = None
    """The first day (hour, where `by` says so): a date, RFC 3339 text, Unix seconds, an age. Left out: 30 days ago."""
    until: _Text = None
    """The last day (or hour), itself included. Left out: now."""
    org: _Text = None
    """Only of this organisation; the next six likewise."""
    user: _Text = None
    key: _Text = None
    feature: _Text = None
    model: _Text = None
    provider: _Text = None
    prompt: _Text = None
    latency: bool = False
    """With the median and the 95th percentile of latency and time to first token."""
    limit: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)
    """At most so many rows; `left_off` says how many more there are. Totals are those of all."""


class Sums(BaseModel):
    """What was called, used and spent. Money is exact decimal text; latencies stand here only when asked for."""

    calls: int
    errors: int
    refused: int
    cache_hits: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_usd: str | None
    saved_usd: str
    unpriced: int
    repriced: int
    repriced_usd: str | None
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    ttft_p50_ms: float | None = None
    ttft_p95_ms: float | None = None


class ReportRow(Sums):
    """One group; only the names of `by` are there."""

    hour: str | None = None
    day: str | None = None
    week: str | None = None
    month: str | None = None
    org: str | None = None
    user: str | None = None
    key: str | None = None
    feature: str | None = None
    model: str | None = None
    provider: str | None = None
    prompt: str | None = None


class ReportView(BaseModel):
    """The report."""

    by: list[Literal["hour", "day", "week", "month", "org", "user", "key", "feature", "model", "provider", "prompt"]]
    since: str
    until: str
    kept_since: str | None
    complete: bool
    rows: list[ReportRow]
    left_off: int
    totals: Sums


def add_reports(app: FastAPI, traces: TraceStore) -> None:
    """Put the route on `app`."""

    @app.get("/admin/v1/reports", response_model=ReportView)
    def report(wish: Annotated[ReportWish, Query()]) -> Response:
        """What was called, used and spent: sums by time and name, the oldest first, and of one time the dearest."""
        found = traces.report(ReportQuery(**wish.model_dump()))
        return Response(msgspec.json.encode(found), media_type="application/json")
