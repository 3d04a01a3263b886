"""`headworks cache`: on a data directory it lets go of what is meant; at a gateway it asks the admin API."""

import asyncio
import json

import pytest
from tests.unit.cli.conftest import KEY

from headworks.cache.entries import Entry, Facets
from headworks.cache.local import LocalSettings, LocalStore
from headworks.core.clock import SystemClock
from headworks.core.replies import Finished, TextDelta


@pytest.fixture
def filled(headworks, tmp_path):
    """Runs commands where three answers lie on disk: two of ann's, one made two hours ago."""

    async def fill():
        clock = SystemClock()
        folder = tmp_path / "headworks-data"
        folder.mkdir()
        store = LocalStore(folder, LocalSettings(), clock)
        await store.start()
        for number, (user, age_s) in enumerate([("ann", 0), ("ann", 7200), ("bob", 0)]):
            now_s = clock.now()
            store.put(
                Entry(
                    key=number.to_bytes(32, "big"),
                    facets=Facets(org="acme", user=user, feature="bot", model="small", tags={"release": "41"}),
                    created_s=now_s - age_s,
                    expires_s=now_s + 9999,
                    model="small",
                    provider="lab",
                    provider_model="small-1",
                    events=[TextDelta("A secret of Ann."), Finished("stop")],
                ),
                store.mark(),
            )
        await store.stop()

    asyncio.run(fill())
    return headworks


def test_a_dry_run_counts_and_changes_nothing(filled):
    ran = filled("cache", "invalidate", "--user", "ann", "--dry-run")
    assert (ran.code, ran.out) == (0, "Would go: disk 2. Nothing was changed.\n")
    assert filled("cache", "invalidate", "--all", "--dry-run", "--json").json["counts"] == {"disk": 3}


def test_what_is_meant_goes_and_is_proved_gone(filled, tmp_path):
    ran = filled("cache", "invalidate", "--user", "ann", "--org", "acme")
    assert (ran.code, ran.out) == (0, "Gone: disk 2.\nLeft: disk 0.\n")
    held = b"".join(file.read_bytes() for file in (tmp_path / "headworks-data").glob("cache.sqlite*"))
    assert b"ann" not in held
    assert b"bob" in held


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--older-than", "1h"), 1),
        (("--older-than", "3h"), 0),
        (("--feature", "bot", "--user", "bob"), 1),
        (("--tag", "release=41"), 3),
        (("--model", "large"), 0),
        (("--prompt", "greet@1"), 0),
        (("--corpus", "c1"), 0),
        (("--all",), 3),
    ],
    ids=str,
)
def test_all_that_is_said_must_hold(filled, words, count):
    expected = {"dry_run": False, "counts": {"disk": count}, "erased": True, "left": {"disk": 0}}
    assert filled("cache", "invalidate", *words, "--json").json == expected


def test_what_lies_on_disk_is_shown_without_a_gateway(filled):
    ran = filled("cache", "stats", "--json")
    assert (ran.json["calls"], ran.json["tiers"]["disk"]["entries"]) == (None, 3)
    shown = filled("cache", "stats").out
    assert "a running gateway says: --url" in shown
    assert "disk" in shown


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Say what is to go"),
        (("--dry-run",), "Say what is to go"),
        (("--all", "--user", "ann"), "`all` means every entry"),
        (("--user", ""), "--user is empty."),
        (("--tag", "release"), "A tag is written as `name=value`."),
        (("--older-than", "5"), "`5` is not a duration"),
        (("--all", "--url", "http://127.0.0.1:1"), "--url needs the admin key"),
        (("--all", "--config", "none.yaml"), "none.yaml: cannot be read"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_said_in_one_line_and_nothing_goes(filled, words, sentence):
    ran = filled("cache", "invalidate", *words)
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert sentence in ran.err
    assert filled("cache", "invalidate", "--all", "--dry-run", "--json").json["counts"] == {"disk": 3}


def test_a_data_directory_that_cannot_be_used_is_one_sentence(headworks, tmp_path):
    (tmp_path / "headworks-data").write_text("a file")
    ran = headworks("cache", "stats")
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)


def test_at_a_gateway_the_admin_api_is_asked(headworks, gateway, monkeypatch):
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", KEY)
    gateway.cache = {"dry_run": False, "counts": {"memory": 2, "disk": 3}, "erased": False, "left": {"disk": 1}}
    words = ("--feature", "bot", "--older-than", "2h", "--url", gateway.url)
    ran = headworks("cache", "invalidate", *words)
    assert ran.out.splitlines() == [
        "Gone: memory 2, disk 3.",
        "Left: disk 1.",
        "What is left was answered since.",
        "Their bytes are overwritten as soon as another process that reads the file lets go of it.",
    ]
    wish = {"feature": "bot", "older_than_s": 7200, "dry_run": False}
    assert gateway.asked == [("POST", "/admin/v1/cache/invalidate", wish)]


def test_what_a_gateway_says_of_its_cache_is_told_in_lines(headworks, gateway, monkeypatch):
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", KEY)
    tier = {"entries": 5, "bytes": 3 * 2**20, "limit_bytes": 64 * 2**20, "hits": 7, "evicted": 0, "common": False}
    semantic = {"feature": "bot", "calls": 90, "hits": 40, "shadowed": 20, "wrong": 1, "max_error": 0.01}
    gateway.cache = {
        "since": "2026-11-24T00:00:00.000Z",
        "calls": {"hit-exact": 7, "miss": 1},
        "hit_share": 0.875,
        "stored": 5,
        "saved_usd": 0.01,
        "tiers": {"memory": tier | {"up": True}, "shared": dict.fromkeys(tier) | {"hits": 0, "up": False}},
        "troubles": {"local": {"broken": 0, "dropped": 0, "refused": 4}},
        "semantic": [
            semantic | {"rate": 0.005, "low": 0.001, "high": 0.02, "stopped": "too many wrong"},
            semantic | {"feature": "new", "rate": None, "low": None, "high": None, "stopped": ""},
        ],
    }
    lines = [line.split() for line in headworks("cache", "stats", "--url", gateway.url).out.splitlines()]
    shown = " ".join(" ".join(line) for line in lines)
    assert "87.5% hits (7 hit-exact, 1 miss)" in shown
    assert "Saved: 0.010000 USD." in shown
    assert ["memory", "5", "3.0", "64.0", "7", "0", "yes"] in lines
    assert ["shared", "-", "-", "-", "0", "-", "no"] in lines
    assert "bot 90 40 20 1 0.50% 0.10% to 2.00% 1.00% too many wrong" in shown
    assert "new 90 40 20 1 - - 1.00% -" in shown
    assert json.loads(headworks("cache", "stats", "--url", gateway.url, "--json").out) == gateway.cache
