"""How the providers do, and faults of a game day: only where the config allows them."""

import random

import pytest

from headworks.providers.faults import GameDay

FAULT = {"fault": "cut-streams", "provider": "openai", "share": 0.5, "seconds": 300}


@pytest.fixture
def staging(admin, tmp_path):
    admin.game_day = GameDay(tmp_path, admin.clock, random.Random(1))
    return admin


async def test_the_health_of_the_providers_is_shown(admin):
    answer = await admin("GET", "/admin/v1/health")
    assert (answer.status, answer.json) == (200, {"lanes": [], "providers": []})


async def test_what_is_known_of_the_providers_can_be_forgotten(admin):
    answer = await admin("POST", "/admin/v1/health/reset")
    assert (answer.status, admin.resets) == (200, ["reset"])


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_gateway_that_is_not_for_staging_takes_no_faults(admin, method):
    answer = await admin(method, "/admin/v1/faults", FAULT if method == "POST" else None)
    assert (answer.status, answer.error["code"]) == (403, "forbidden")
    assert "game_day" in answer.error["message"]


async def test_a_fault_begins_is_listed_and_ends_by_the_clock(staging):
    begun = await staging("POST", "/admin/v1/faults", FAULT)
    assert (begun.status, begun.json["fault"], begun.json["until"]) == (201, "cut-streams", "2026-01-01T00:05:00.000Z")
    assert [fault["provider"] for fault in (await staging("GET", "/admin/v1/faults")).json["data"]] == ["openai"]
    staging.clock.advance(300)
    assert (await staging("GET", "/admin/v1/faults")).json == {"data": []}


async def test_all_faults_end_at_once(staging):
    await staging("POST", "/admin/v1/faults", FAULT)
    assert (await staging("DELETE", "/admin/v1/faults")).status == 200
    assert (await staging("GET", "/admin/v1/faults")).json == {"data": []}


@pytest.mark.parametrize(
    "wrong",
    [
        {"fault": "fire"},
        {"seconds": 0},
        {"seconds": "long"},
        {"share": 2},
        {"provider": ""},
        {"provider": "nobody"},
        {"kind": "down"},
    ],
)
async def test_a_fault_without_sense_is_refused(staging, wrong):
    answer = await staging("POST", "/admin/v1/faults", FAULT | wrong)
    assert answer.status in (400, 422)
    assert answer.error["param"] == next(iter(wrong))
