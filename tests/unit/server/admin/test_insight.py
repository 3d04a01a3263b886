"""Traces, config, explain and the OpenAPI document."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.core.errors import StoreError
from headworks.identity.records import KeySpec
from headworks.server.admin import admin_app
from headworks.server.admin.masking import masked
from headworks.telemetry import TraceStore
from headworks.telemetry.ledger.tables import Ledger

ASK = {"model": "fast", "messages": [{"role": "user", "content": "hi"}]}


async def test_traces_are_asked_for_as_the_query_says(admin: Any) -> None:
    answer = await admin("GET", "/admin/v1/traces?limit=5&feature=f&model=m&user=u&since=24h&cursor=next")
    assert answer.json == {"data": [{"trace_id": "t1", "cost_usd": "0.00023"}], "next": "next"}
    asked = {name: value for name, value in admin.traces.asked.items() if value is not None}
    assert asked == {"limit": 5, "feature": "f", "model": "m", "user": "u", "since": "24h", "cursor": "next"}


@pytest.mark.parametrize("query", ["limit=0", "limit=100000", "limit=1.5", "feture=x", "user=" + "u" * 201])
async def test_a_wrong_trace_query_is_refused(admin: Any, query: str) -> None:
    answer = await admin("GET", f"/admin/v1/traces?{query}")
    assert (answer.status, answer.error["code"]) == (422, "invalid_request")
    assert admin.traces.asked == {}


async def test_what_the_ledger_refuses_is_passed_on(admin: Any) -> None:
    answer = await admin("GET", "/admin/v1/traces?cursor=%00'--")
    assert (answer.status, answer.error["param"]) == (400, "cursor")
    admin.traces.fail = StoreError("The ledger is away.")
    answer = await admin("GET", "/admin/v1/traces")
    assert (answer.status, answer.error["code"]) == (503, "store_unavailable")
    assert "x-should-retry" not in answer.headers


async def test_one_trace_or_a_404(admin: Any) -> None:
    assert (await admin("GET", "/admin/v1/traces/t1")).json == {"trace_id": "t1"}
    answer = await admin("GET", "/admin/v1/traces/' OR 1")
    assert (answer.status, answer.error["code"]) == (404, "unknown_trace")


async def test_a_fault_of_ours_shows_the_client_nothing_and_the_server_everything(admin: Any) -> None:
    admin.traces.fail = ZeroDivisionError("secret detail")
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/admin/v1/traces", "query_string": b"", "root_path": ""}
    headers = [(b"x-api-key", b"the-admin-key-of-this-test")]
    with pytest.raises(ZeroDivisionError):
        await admin.app({**scope, "headers": headers}, receive, send)
    assert sent[0]["status"] == 500
    assert b'"internal_error"' in sent[1]["body"]
    assert b"secret detail" not in sent[1]["body"]


async def test_the_config_is_shown_without_secrets(admin: Any) -> None:
    answer = await admin("GET", "/admin/v1/config")
    assert answer.json == {"providers": {"openai": {"api_key": "***", "base_url": "https://u:***@host/v1"}}}


def test_masking_keeps_references_and_numbers_that_only_sound_secret() -> None:
    shown = {
        "api_key": "${OPENAI_API_KEY}",
        "api_keys": ["file:/run/secret", "sk-1"],
        "key": "none",
        "max_tokens": 5,
        "context_tokens": "8192",
        "headers": {"Authorization": "Bearer x", "X-Api-Key": "y", "x-team": "z"},
        "store": "postgresql://me:pw@db/headworks",
    }
    assert masked(shown) == {
        "api_key": "${OPENAI_API_KEY}",
        "api_keys": ["file:/run/secret", "***"],
        "key": "none",
        "max_tokens": 5,
        "context_tokens": "8192",
        "headers": {"Authorization": "***", "X-Api-Key": "***", "x-team": "z"},
        "store": "postgresql://me:***@db/headworks",
    }


SECRET = "S3CR3T-value-of-somebody"
names = st.sampled_from(["api_key", "apiKey", "api_keys", "password", "client_secret", "access-token", "pepper"])


@given(st.recursive(st.dictionaries(names, st.just(SECRET)), lambda inner: st.dictionaries(st.text(), inner)))
def test_no_secret_survives_masking_at_any_depth(config: dict[str, Any]) -> None:
    assert SECRET not in str(masked(config))


async def test_explain_reads_the_request_as_its_endpoint_would(admin: Any) -> None:
    answer = await admin("POST", "/admin/v1/explain", {"body": ASK, "feature": "support-bot"})
    assert answer.json == {"steps": [{"step": "route", "decision": "model fast"}], "sent": True}
    ask, caller = admin.asks[0]
    assert (ask.dialect, ask.feature, caller.key_id) == ("openai", "support-bot", "none")


async def test_explain_speaks_for_a_key(admin: Any) -> None:
    made = admin.ring.create(KeySpec(name="bot", models=("own",)))
    answer = await admin("POST", "/admin/v1/explain", {"body": {**ASK, "model": "nope"}, "key": made.id})
    assert answer.json["sent"] is False
    assert admin.asks[0][1].models == {"own"}
    admin.ring.revoke(made.id)
    answer = await admin("POST", "/admin/v1/explain", {"body": ASK, "key": made.id})
    assert (answer.status, answer.error["param"]) == (422, "key")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"body": ' + b"[" * 60_000, 400),
        (b'{"body": {"model": "\xff"}}', 400),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"body": {}, "kind": "song"}', 422),
        (b'{"body": {}, "extra": 1}', 422),
        (b'{"body": {}, "key": 5}', 422),
        (b'{"body": []}', 400),
        (b'{"body": {}}', 400),
        (b'{"body": {"model": "fast", "messages": "hi"}}', 400),
        (b'{"body": {}, "key": "nokey000"}', 400),
    ],
)
async def test_a_question_that_is_none_is_refused(admin: Any, body: bytes, status: int) -> None:
    answer = await admin("POST", "/admin/v1/explain", body)
    assert answer.status == status
    assert answer.error["message"]
    assert admin.asks == []


async def test_the_openapi_document_names_every_route_and_loads_nothing(admin: Any) -> None:
    document = (await admin("GET", "/admin/v1/openapi.json")).json
    assert set(document["paths"]) == {
        "/admin/v1/alerts",
        "/admin/v1/alerts/test",
        "/admin/v1/budgets",
        "/admin/v1/cache",
        "/admin/v1/cache/invalidate",
        "/admin/v1/config",
        "/admin/v1/experiments",
        "/admin/v1/experiments/{name}",
        "/admin/v1/experiments/{name}/promote",
        "/admin/v1/experiments/{name}/report",
        "/admin/v1/experiments/{name}/stop",
        "/admin/v1/explain",
        "/admin/v1/faults",
        "/admin/v1/flags",
        "/admin/v1/flags/{name}",
        "/admin/v1/flags/{name}/evaluate",
        "/admin/v1/health",
        "/admin/v1/health/reset",
        "/admin/v1/keys",
        "/admin/v1/keys/{key_id}",
        "/admin/v1/keys/{key_id}/revoke",
        "/admin/v1/keys/{key_id}/rotate",
        "/admin/v1/prompt-files",
        "/admin/v1/prompts",
        "/admin/v1/prompts/{name}",
        "/admin/v1/prompts/{name}/diff/{before}/{after}",
        "/admin/v1/prompts/{name}/labels/{label}",
        "/admin/v1/prompts/{name}/labels/{label}/rollback",
        "/admin/v1/prompts/{name}/render",
        "/admin/v1/prompts/{name}/versions",
        "/admin/v1/prompts/{name}/versions/{number}",
        "/admin/v1/prompts/{name}/versions/{reference}",
        "/admin/v1/reports",
        "/admin/v1/switch-log",
        "/admin/v1/switches",
        "/admin/v1/switches/{kind}/{name}",
        "/admin/v1/traces",
        "/admin/v1/traces/{trace_id}",
        "/admin/v1/traces/{trace_id}/replay",
    }
    assert document["components"]["schemas"]["NewKey"]["additionalProperties"] is False
    assert "http" not in str(document["paths"])


async def test_the_real_ledger_takes_every_filter(admin: Any, tmp_path: Path) -> None:
    admin.app = admin_app(admin.rooms(TraceStore(tmp_path, admin.clock)))
    answer = await admin("GET", "/admin/v1/traces")
    assert (answer.status, answer.error["code"]) == (503, "store_unavailable")
    ledger = Ledger(tmp_path)
    ledger.open()
    answer = await admin("GET", "/admin/v1/traces?feature=f&model=m&user=u&org=o&since=24h&limit=1")
    assert (answer.status, answer.json) == (200, {"data": [], "next": None})
    assert (await admin("GET", "/admin/v1/traces?since=whenever")).error["code"] == "invalid_request"
    for trace_id in ("../../etc/passwd", "%2e%2e", "%00", "' OR 1", "0" * 32):
        assert (await admin("GET", f"/admin/v1/traces/{trace_id}")).status == 404
    ledger.close()
