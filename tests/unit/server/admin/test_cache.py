"""The cache is looked at and invalidated by what its entries belong to; what could mean too much is refused."""

import pytest
import structlog

from headworks.cache.entries import Entry, Facets
from headworks.cache.upkeep import SemanticRow
from headworks.cache.where import Where
from headworks.core.replies import Finished, TextDelta

PATH = "/admin/v1/cache/invalidate"


@pytest.fixture
def filled(admin):
    """The API over five answers."""
    keep(admin, 1)
    keep(admin, 2, user="ann")
    keep(admin, 3, user="ann", org="rival")
    keep(admin, 4, feature="search", tags={"team": "a=b"})
    keep(admin, 5, model="large", prompt="greet@2", corpus="c1", age_s=7200)
    return admin


def keep(admin, number, *, age_s=0.0, **facets):
    now_s = admin.clock.now()
    admin.kept.put(
        Entry(
            key=number.to_bytes(32, "big"),
            facets=Facets(**{"org": "acme", "feature": "bot", "model": "small"} | facets),
            created_s=now_s - age_s,
            expires_s=now_s + 9999,
            model="small",
            provider="lab",
            provider_model="small-1",
            events=[TextDelta("Words."), Finished("stop")],
        ),
        admin.kept.mark(),
    )


@pytest.mark.parametrize(
    ("meant", "count"),
    [
        ({"user": "ann"}, 2),
        ({"user": "ann", "org": "acme"}, 1),
        ({"org": "acme"}, 4),
        ({"feature": "search"}, 1),
        ({"model": "large"}, 1),
        ({"prompt": "greet"}, 1),
        ({"prompt": "greet@1"}, 0),
        ({"corpus": "c1"}, 1),
        ({"tag": "team=a=b"}, 1),
        ({"tag": "team = a=b"}, 1),
        ({"tag": "team=a"}, 0),
        ({"older_than_s": 7199}, 1),
        ({"older_than_s": 7201}, 0),
        ({"all": True}, 5),
    ],
    ids=str,
)
async def test_what_is_meant_is_counted_goes_and_is_proved_gone(filled, meant, count):
    dry = await filled("POST", PATH, meant | {"dry_run": True})
    same = {"memory": count, "disk": count}
    assert (dry.status, dry.json) == (200, {"dry_run": True, "counts": same, "erased": False, "left": same})
    done = await filled("POST", PATH, meant)
    assert done.json["counts"] == same
    assert (done.json["left"], done.json["erased"]) == ({"memory": 0, "disk": 0}, True)
    rest = await filled("POST", PATH, {"all": True, "dry_run": True})
    assert rest.json["counts"] == {"memory": 5 - count, "disk": 5 - count}


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, None),
        ({"dry_run": True}, 400, None),
        ({"all": False}, 400, None),
        ({"all": True, "user": "ann"}, 400, "all"),
        ({"tag": "team"}, 400, "tag"),
        ({"tag": "=x"}, 400, "tag"),
        ({"user": ""}, 422, "user"),
        ({"user": 7}, 422, "user"),
        ({"usr": "ann"}, 422, "usr"),
        ({"older_than_s": -1}, 422, "older_than_s"),
        ({"older_than_s": "2h"}, 422, "older_than_s"),
        ({"all": "yes"}, 422, "all"),
        (b"[]", 422, None),
        (b"{", 400, None),
    ],
    ids=str,
)
async def test_what_could_mean_too_much_is_refused_and_nothing_goes(filled, body, status, param):
    answer = await filled("POST", PATH, body)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (status, "invalid_request", param)
    assert (await filled.kept.count(Where())) == {"memory": 5, "disk": 5}


async def test_an_invalidation_is_on_record_with_what_was_said_and_a_dry_run_is_not(filled):
    with structlog.testing.capture_logs() as logged:
        await filled("POST", PATH, {"user": "ann", "older_than_s": 0.0, "dry_run": True})
        assert logged == []
        await filled("POST", PATH, {"user": "ann", "feature": "bot"})
    (line,) = logged
    assert (line["event"], line["where"]) == ("cache_invalidated", {"user": "ann", "feature": "bot"})
    assert (line["counts"], line["erased"]) == ({"memory": 2, "disk": 2}, True)


async def test_the_cache_shows_what_it_does(filled):
    filled.counts.exact, filled.counts.missed, filled.counts.saved_nano = 3, 1, 230_000
    shown = (await filled("GET", "/admin/v1/cache")).json
    assert (shown["hit_share"], shown["saved_usd"], shown["calls"]["hit-exact"]) == (0.75, 0.00023, 3)
    assert shown["tiers"]["memory"]["entries"] == 5
    assert shown["troubles"] == {"local": {"broken": 0, "dropped": 0, "refused": 0}}
    assert shown["semantic"] == []


async def test_what_is_shown_has_the_shape_of_the_document(filled):
    shapes = (await filled("GET", "/admin/v1/openapi.json")).json["components"]["schemas"]
    shown = (await filled("GET", "/admin/v1/cache")).json
    assert set(shown) == set(shapes["CacheView"]["properties"])
    assert set(shown["tiers"]["disk"]) == set(shapes["TierView"]["properties"])
    assert set(SemanticRow.__struct_fields__) == set(shapes["SemanticView"]["properties"])


async def test_a_virtual_key_cannot_do_it(filled):
    made = await filled("POST", "/admin/v1/keys", {"name": "x"})
    answer = await filled("POST", PATH, {"all": True}, authorization=f"Bearer {made.json['key']}")
    assert (answer.status, await filled.kept.count(Where())) == (403, {"memory": 5, "disk": 5})
