"""Invalidation through the front door: by what answers belong to, to the last byte, and whatever is under way."""

import json

import pytest

from headworks.testing import Recipe

FEATURES = """
cached: {model: openai, cache: {exact: on}}
other: {model: openai, cache: {exact: on}}
big: {model: anthropic, cache: {exact: on}}
cold: {model: openai, cache: {exact: on, max_temperature: 0.2}}
plain: {model: openai}
"""
SAID = "The diagnosis of the patient is confidential."
LATE = Recipe(text=SAID, silence_s=0.3)
HI = {"messages": [{"role": "user", "content": "What is my diagnosis?"}], "max_tokens": 50}


@pytest.fixture(autouse=True)
def cached(house):
    house.add(features=FEATURES)
    house.empty_cache()
    house.fake.recipes(Recipe(text=SAID))
    yield
    house.configure(lambda text: text)


def ask(house, feature="cached", *, user=None, **headers):
    return house.ask(body(feature, user), **headers)


def body(feature="cached", user=None):
    return {"model": f"feature/{feature}", **HI} | ({"user": user} if user else {})


def kind(answer):
    return answer.headers["x-headworks-cache"]


async def administer(house, method, path, wish):
    key = {"authorization": f"Bearer {house.admin_key}"}
    answer = await house.asking(wish or b"", path=f"/admin/v1/{path}", method=method, **key)
    assert answer.status == 200, answer.body
    return answer.json


def admin(house, method, path, wish=None):
    return house.run(administer(house, method, path, wish))


def invalidate(house, **wish):
    told = admin(house, "POST", "cache/invalidate", wish)
    for counts in (told["counts"], told["left"]):
        for tier in ("semantic", "semantic-disk"):  # there once any test has wanted it
            counts.pop(tier, None)
    return told


def bytes_on_disk(house):
    return b"".join(file.read_bytes() for file in house.gateway.config.data_dir.glob("cache.sqlite*"))


@pytest.mark.parametrize(
    ("meant", "spared"),
    [
        ({"feature": "cached"}, ["other", "big"]),
        ({"model": "anthropic"}, ["cached", "other"]),
        ({"tag": "release=41"}, ["cached", "big"]),
        ({"user": "ann"}, ["other", "big"]),
        ({"org": "rival"}, ["cached", "other", "big"]),
        ({"older_than_s": 3600}, ["cached", "other", "big"]),
        ({"prompt": "greet"}, ["cached", "other", "big"]),
        ({"all": True}, []),
    ],
    ids=str,
)
def test_what_is_meant_is_asked_anew_and_the_rest_is_not(house, meant, spared):
    def all_three():
        answers = [ask(house, user="ann"), ask(house, "other", x_headworks_tags="release=41"), ask(house, "big")]
        return dict(zip(["cached", "other", "big"], map(kind, answers), strict=True))

    all_three()
    invalidate(house, **meant)
    assert [feature for feature, found in all_three().items() if found == "hit-exact"] == spared


def test_a_dry_run_changes_nothing(house):
    ask(house, user="ann")
    same = {"memory": 1, "disk": 1}
    dry = invalidate(house, user="ann", dry_run=True)
    assert dry == {"dry_run": True, "counts": same, "erased": False, "left": same}
    assert kind(ask(house)) == "hit-exact"


def test_everything_of_a_user_goes_to_the_last_byte_and_is_proved_gone(house):
    ask(house, user="ann")
    house.run(house.gateway._outfit.room.kit.store.flush())
    assert SAID.encode() in bytes_on_disk(house)
    done = invalidate(house, user="ann", org="acme")
    gone, left = {"memory": 1, "disk": 1}, {"memory": 0, "disk": 0}
    assert done == {"dry_run": False, "counts": gone, "erased": True, "left": left}
    held = bytes_on_disk(house)
    assert SAID.encode() not in held
    assert b"ann" not in held
    assert house.entries() == []


def test_a_user_of_another_organisation_is_another(house):
    stranger = f"Bearer {house.new_key('rival')}"
    ask(house, user="ann")
    ask(house, user="ann", authorization=stranger)
    invalidate(house, user="ann", org="rival")
    assert [kind(ask(house)), kind(ask(house, authorization=stranger))] == ["hit-exact", "miss"]
    assert invalidate(house, user="ann", dry_run=True)["counts"]["memory"] == 1


def test_a_call_under_way_does_not_bring_back_what_was_invalidated(house):
    house.fake.recipes(LATE)

    async def run():
        first = house.visit(body(user="ann"))
        await house.fake.until(lambda: len(house.fake.calls) == 1)
        await administer(house, "POST", "cache/invalidate", {"user": "ann"})
        await first.task
        return first.answer

    answer = house.run(run())
    assert answer.text == SAID, "it is answered all the same"
    assert house.entries() == []
    assert invalidate(house, user="ann", dry_run=True)["counts"] == {"memory": 0, "disk": 0}
    assert SAID.encode() not in bytes_on_disk(house)


def test_nobody_joins_a_call_that_is_older_than_an_invalidation(house):
    house.fake.recipes(LATE)

    async def run():
        visits = [house.visit(body()), house.visit(body())]
        await house.fake.until(lambda: len(house.fake.calls) == 1)
        await administer(house, "POST", "cache/invalidate", {"feature": "cached"})
        visits += [house.visit(body()), house.visit(body())]
        for visit in visits:
            await visit.task
        return [visit.answer for visit in visits]

    answers = house.run(run())
    assert [kind(answer) for answer in answers] == ["miss", "joined", "miss", "joined"]
    assert {answer.text for answer in answers} == {SAID}
    assert len(house.fake.calls) == 2
    assert kind(ask(house)) == "hit-exact", "the answer that was asked for afterwards is kept"


def test_the_cache_says_what_it_did_and_saved(house):
    before = admin(house, "GET", "cache")
    first = ask(house)
    ask(house)
    ask(house, "cold")
    house.ask(body("cold") | {"temperature": 1})
    after = admin(house, "GET", "cache")
    grown = {name: count - before["calls"][name] for name, count in after["calls"].items() if count}
    assert (grown["hit-exact"], grown["miss"], grown["passed"]) == (1, 2, 1)
    assert after["stored"] - before["stored"] == 2
    saved = after["saved_usd"] - before["saved_usd"]
    assert saved == pytest.approx(house.record(first)["cost_usd"])
    assert after["tiers"]["memory"]["entries"] == 2
    assert after["tiers"]["memory"]["bytes"] > 0


def test_prometheus_sees_the_cache_beside_the_calls(house):
    ask(house)
    page = house.run(house.asking(b"", path="/metrics", method="GET")).body.decode()
    assert 'headworks_cache_entries{tier="memory"} 1.0' in page
    assert "headworks_cache_saved_usd_total" in page
    assert "headworks_requests_total" in page


def explained(house, feature, **more):
    listed = admin(house, "GET", "keys")["data"]
    wish = {"body": body(feature) | more, "key": next(key["id"] for key in listed if key["org"] == "acme")}
    (step,) = [step for step in admin(house, "POST", "explain", wish)["steps"] if step["step"] == "cache"]
    return step


def test_explain_says_what_the_cache_would_do_and_the_age_of_the_answer(house):
    before = explained(house, "cached")
    assert before["decision"] == "looked up: exact, joined"
    assert before["details"]["entry_age_s"] is None
    ask(house)
    after = explained(house, "cached")
    assert after["details"]["entry_age_s"] >= 0
    assert after["details"]["key"] == before["details"]["key"] == house.entries()[0].key.hex()[:12]
    assert "max_temperature" in explained(house, "cold", temperature=1)["decision"]
    assert "does not ask for it" in explained(house, "plain")["decision"]
    assert json.dumps(after).count("diagnosis") == 0
