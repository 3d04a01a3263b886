"""A feature that hangs on a flag is on for whom the flag says so; the record names the variant."""

import pytest

from headworks.flags.evaluation import FlagShelf
from headworks.testing import Recipe

FLAG = {
    "type": "boolean",
    "default": "off",
    "rules": [{"when": {"attribute": "end_user", "starts_with": "beta-"}, "variant": "on"}],
}
FEATURES = """
early: {model: openai, flag: early-bird, degrade: [{model: anthropic}, "Not yet."]}
strict: {model: openai, flag: early-bird}
"""


@pytest.fixture
def house(house):
    house.add(features=FEATURES)
    return house


@pytest.fixture
def flag(house):
    shelf = FlagShelf(house.gateway.flags, house.gateway.board)
    house.run(shelf.put("early-bird", FLAG, who="ann", expected=None))
    yield
    house.run(shelf.delete("early-bird", who="ann", expected=None))


def ask(house, feature, user):
    house.fake.script([Recipe(text="ok")])
    return house.ask({"model": f"feature/{feature}", "user": user, "messages": [{"role": "user", "content": "Hi"}]})


def test_it_is_on_for_whom_the_flag_says(house, flag):
    answer = ask(house, "early", "beta-1")
    assert answer.text == "ok"
    assert house.record(answer)["flags"] == {"early-bird": "on"}


def test_for_others_it_is_off_and_no_model_is_asked(house, flag):
    answer = ask(house, "early", "u1")
    assert (answer.text, answer.headers["x-headworks-degraded"]) == ("Not yet.", "message")
    assert house.record(answer)["flags"] == {"early-bird": "off"}
    refused = ask(house, "strict", "u1")
    assert (refused.status, refused.error["code"]) == (403, "feature_disabled")
    assert len(house.fake.calls) == 0


def test_a_flag_that_is_not_known_leaves_it_on(house):
    answer = ask(house, "strict", "u1")
    assert answer.text == "ok"
    assert house.record(answer)["flags"] == {"early-bird": "ERROR"}


def test_a_feature_without_a_flag_has_none_on_record(house, flag):
    house.fake.script([Recipe(text="ok")])
    assert house.record(house.chat("openai", "openai")).get("flags", {}) == {}
