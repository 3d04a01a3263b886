"""Keys over HTTP."""

from typing import Any

import pytest

from headworks.core.errors import RefusedError


async def created(admin: Any, **wish: Any) -> dict[str, str]:
    answer = await admin("POST", "/admin/v1/keys", {"name": "bot", "org": "acme", "user": "ann", **wish})
    assert answer.status == 201
    assert set(answer.json) == {"id", "key"}
    return answer.json


async def test_a_key_is_made_shown_once_and_works(admin: Any) -> None:
    made = await created(admin, models=["fast"], features=["support-bot"], expires_at="2030-01-01T00:00:00+01:00")
    assert admin.ring.caller(made["key"]).models == {"fast"}
    shown = await admin("GET", f"/admin/v1/keys/{made['id']}")
    assert made["key"].encode() not in shown.body
    assert shown.json == {
        "id": made["id"],
        "name": "bot",
        "org": "acme",
        "user": "ann",
        "team": None,
        "models": ["fast"],
        "features": ["support-bot"],
        "status": "active",
        "created_at": "2026-01-01T00:00:00.000Z",
        "expires_at": "2029-12-31T23:00:00.000Z",
        "revoked_at": None,
        "replaced_by": None,
        "overlap_until": None,
        "budget": {},
        "limits": {},
        "history": [{"at": "2026-01-01T00:00:00.000Z", "actor": "admin", "action": "create", "detail": ""}],
    }


async def test_keys_are_listed_in_pages_without_secrets(admin: Any) -> None:
    made = []
    for number in range(3):
        made.append(await created(admin, name=f"k{number}"))
        admin.clock.advance(1)
    first = await admin("GET", "/admin/v1/keys?limit=2")
    second = await admin("GET", f"/admin/v1/keys?limit=2&cursor={first.json['next']}")
    assert [key["name"] for key in first.json["data"] + second.json["data"]] == ["k2", "k1", "k0"]
    assert second.json["next"] is None
    assert "history" not in first.json["data"][0]
    assert not [key for key in made if key["key"][12:].encode() in first.body + second.body]


async def test_a_revoked_key_stops_at_once(admin: Any) -> None:
    made = await created(admin)
    assert admin.ring.caller(made["key"])
    answer = await admin("POST", f"/admin/v1/keys/{made['id']}/revoke")
    assert (answer.status, answer.json["status"]) == (200, "revoked")
    with pytest.raises(RefusedError):
        admin.ring.caller(made["key"])


async def test_a_rotated_key_overlaps_as_long_as_asked(admin: Any) -> None:
    old = await created(admin)
    answer = await admin("POST", f"/admin/v1/keys/{old['id']}/rotate", {"overlap_s": 60})
    assert answer.status == 201
    assert admin.ring.caller(old["key"]).key_id == old["id"]
    assert admin.ring.caller(answer.json["key"]).key_id == answer.json["id"]
    shown = (await admin("GET", f"/admin/v1/keys/{old['id']}")).json
    assert (shown["status"], shown["replaced_by"]) == ("replaced", answer.json["id"])
    again = await admin("POST", f"/admin/v1/keys/{old['id']}/rotate")
    assert (again.status, again.error["code"]) == (422, "key_not_active")


async def test_rotating_without_a_body_leaves_no_overlap(admin: Any) -> None:
    old = await created(admin)
    assert (await admin("POST", f"/admin/v1/keys/{old['id']}/rotate")).status == 201
    with pytest.raises(RefusedError):
        admin.ring.caller(old["key"])


@pytest.mark.parametrize("key_id", ["nokey000", "%27%20OR%201=1", "%00", "%F0%9F%98%80", "%ED%A0%80", "a" * 199])
@pytest.mark.parametrize("act", ["", "/revoke", "/rotate"])
async def test_an_unknown_key_is_a_404(admin: Any, key_id: str, act: str) -> None:
    answer = await admin("POST" if act else "GET", f"/admin/v1/keys/{key_id}{act}")
    assert (answer.status, answer.error["code"]) == (404, "unknown_key")


async def test_a_key_has_a_budget_and_limits_of_its_own(admin: Any) -> None:
    budget = {"usd_per_month": 12.5, "tokens_per_day": 1000}
    made = await created(admin, team="search", budget=budget, limits={"rpm": 60, "concurrent": 3})
    shown = (await admin("GET", f"/admin/v1/keys/{made['id']}")).json
    assert shown["budget"] == {"usd_per_month": "12.5", "tokens_per_day": 1000}
    assert shown["limits"] == {"rpm": 60, "concurrent": 3}
    caller = admin.ring.caller(made["key"])
    assert caller.team_id == "search"
    assert {(limit.unit, limit.window, limit.most) for limit in caller.limits} == {
        ("usd", "month", 12_500_000_000),
        ("tokens", "day", 1000),
        ("requests", "minute", 60),
        ("calls", "now", 3),
    }


@pytest.mark.parametrize(
    "wish",
    [
        {"budget": {"usd_per_month": -1}},
        {"budget": {"usd_per_month": "NaN"}},
        {"budget": {"usd_per_month": "Infinity"}},
        {"budget": {"usd_per_month": 1e12}},
        {"budget": {"eur_per_month": 5}},
        {"budget": {"usd_per_year": 5}},
        {"budget": 5},
        {"limits": {"rpm": 0}},
        {"limits": {"rpm": 1.5}},
        {"limits": {"tpm": -3}},
    ],
)
async def test_a_budget_that_is_none_is_refused(admin: Any, wish: dict[str, Any]) -> None:
    answer = await admin("POST", "/admin/v1/keys", {"name": "bot"} | wish)
    assert answer.status == 422
    assert admin.ring.list() == []


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": 1}, "name"),
        ({"name": ["a"]}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "nul\0"}, "name"),
        ({"name": "a", "nmae": "b"}, "nmae"),
        ({"name": "a", "models": "fast"}, "models"),
        ({"name": "a", "models": [1]}, "models.0"),
        ({"name": "a", "models": ["m"] * 1001}, "models"),
        ({"name": "a", "features": {"f": 1}}, "features"),
        ({"name": "a", "user": 7}, "user"),
        ({"name": "a", "org": ""}, "org"),
        ({"name": "a", "expires_at": "tomorrow"}, "expires_at"),
        ({"name": "a", "expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"name": "a", "expires_at": -1}, "expires_at"),
        ({"name": "a", "expires_at": 1_893_456_000_000}, "expires_at"),
        ({"name": "a", "expires_at": True}, "expires_at"),
    ],
)
async def test_a_wrong_wish_is_refused_by_field(admin: Any, wish: dict[str, Any], param: str) -> None:
    answer = await admin("POST", "/admin/v1/keys", wish)
    assert answer.status == 422
    assert (answer.error["code"], answer.error["param"].split(".float")[0]) == ("invalid_request", param)
    assert admin.ring.list() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"name": "\xff"}',
        b'{"name": NaN}',
        b'{"name": "a", "expires_at": NaN}',
        b'{"name": "a", "expires_at": 1e999}',
        b'{"name": "\\ud800"}',
        b'{"\\ud800": 1, "name": "a"}',
        b'{"name": "a", "models": [' + b"[" * 20_000 + b"]" * 20_000 + b"]}",
        b"[" * 50_000,
    ],
)
async def test_a_body_that_is_no_wish_is_refused(admin: Any, body: bytes) -> None:
    answer = await admin("POST", "/admin/v1/keys", body)
    assert answer.status in (400, 422)
    assert answer.error["code"] == "invalid_request"
    assert "Traceback" not in answer.error["message"]
    assert admin.ring.list() == []


@pytest.mark.parametrize("overlap", [-1, 1e9, "60", None, True, [60]])
async def test_a_wrong_overlap_is_refused(admin: Any, overlap: Any) -> None:
    made = await created(admin)
    answer = await admin("POST", f"/admin/v1/keys/{made['id']}/rotate", {"overlap_s": overlap})
    assert (answer.status, answer.error["param"]) == (422, "overlap_s")
    assert admin.ring.caller(made["key"])


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limt=5", "cursor=" + "x" * 300])
async def test_a_wrong_query_is_refused(admin: Any, query: str) -> None:
    answer = await admin("GET", f"/admin/v1/keys?{query}")
    assert (answer.status, answer.error["code"]) == (422, "invalid_request")


async def test_a_form_content_type_does_not_matter(admin: Any) -> None:
    answer = await admin(
        "POST",
        "/admin/v1/keys",
        {"name": "curl"},
        authorization="Bearer the-admin-key-of-this-test",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status == 201
