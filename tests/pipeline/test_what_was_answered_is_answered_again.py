"""The exact cache: one provider call, then the same answer, in either dialect, streamed or not; whom it is not for."""

import json

import pytest

from headworks.testing import FakeToolCall, Recipe

FEATURES = """
cached: {model: openai, cache: {exact: on}}
own: {model: openai, cache: {exact: on, scope: user}}
all: {model: openai, cache: {exact: on, scope: public}}
cold: {model: openai, cache: {exact: on, max_temperature: 0.2}}
never: {model: openai, cache: {exact: off}}
tools: {model: openai, cache: {exact: on, pure_tools: [weather]}}
elsewhere: {model: first, cache: {exact: on}, retry: {per_model: 0}}
"""
SAID = "Paris — die Hauptstadt, 首都."
HI = {"messages": [{"role": "user", "content": "What is the capital of France?"}], "max_tokens": 50}


@pytest.fixture(autouse=True)
def cached(house):
    house.add(features=FEATURES)
    house.empty_cache()
    house.fake.recipes(Recipe(text=SAID))
    yield
    house.configure(lambda text: text)


def ask(house, dialect="openai", *, feature="cached", stream=False, headers=None, **more):
    path = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}[dialect]
    body = {"model": f"feature/{feature}", "stream": stream, **HI, **more}
    return house.ask(body, path=path, **(headers or {}))


def kinds(*answers):
    return [answer.headers["x-headworks-cache"] for answer in answers]


@pytest.mark.parametrize("model", ["openai", "anthropic", "gemini"])
@pytest.mark.parametrize("first", [("openai", False), ("openai", True), ("anthropic", False), ("anthropic", True)])
def test_one_answer_serves_both_dialects_whole_and_streamed(house, model, first):
    house.add(features=FEATURES.replace("cached: {model: openai", f"cached: {{model: {model}"))
    asked = ask(house, first[0], stream=first[1])
    others = [ask(house, dialect, stream=stream) for dialect in ("openai", "anthropic") for stream in (False, True)]
    assert [answer.text for answer in (asked, *others)] == [SAID] * 5
    assert kinds(asked, *others) == ["miss", *["hit-exact"] * 4]
    assert len(house.fake.calls) == 1


def test_a_hit_costs_nothing_and_says_what_it_saved(house):
    asked, again = ask(house), ask(house, stream=True)
    first, second = house.record(asked), house.record(again)
    assert first["cost_usd"] > 0
    assert (second["cost_usd"], second["prompt_tokens"], second["attempts"]) == (0, 0, [])
    assert (second["cache_hit"], second["cache_kind"], second["saved_usd"]) == (True, "hit-exact", first["cost_usd"])
    assert again.facts["cost_usd"] == "0"
    assert again.headers["x-headworks-cache-age"] == "0"
    assert again.headers["x-headworks-attempts"] == "0"


def test_the_client_is_told_the_usage_of_the_answer(house):
    asked, again = ask(house), ask(house)
    counts = ("prompt_tokens", "completion_tokens", "total_tokens")
    assert [again.json["usage"][name] for name in counts] == [asked.json["usage"][name] for name in counts]


@pytest.mark.parametrize(
    "other",
    [
        {"feature": "all"},
        {"temperature": 0.1},
        {"messages": [{"role": "user", "content": "What is the capital of Spain?"}]},
        {"messages": [{"role": "system", "content": "Be rude."}, *HI["messages"]]},
        {"response_format": {"type": "json_object"}},
        {"unheard_of": 1},
        {"model": "anthropic"},
    ],
    ids=str,
)
def test_another_call_is_another_answer(house, other):
    house.fake.recipes(Recipe(text=SAID), Recipe(text="Another."))
    assert kinds(ask(house), ask(house, **other)) == ["miss", "off" if "model" in other else "miss"]


def test_tenants_share_nothing(house):
    ask(house)
    stranger = ask(house, headers={"authorization": f"Bearer {house.new_key('rival')}"})
    assert kinds(stranger) == ["miss"]


def test_everybody_shares_where_the_feature_says_so(house):
    ask(house, feature="all")
    assert kinds(ask(house, feature="all", headers={"authorization": f"Bearer {house.new_key('rival')}"})) == [
        "hit-exact"
    ]


def test_users_share_nothing_where_the_feature_says_so(house):
    first = ask(house, feature="own", user="ann")
    answers = [ask(house, feature="own", user=user) for user in ("ann", "bob")]
    assert kinds(first, *answers) == ["miss", "hit-exact", "miss"]
    assert kinds(ask(house, feature="own"), ask(house, feature="own")) == ["off", "off"]


def test_a_call_says_what_it_wants_of_the_cache(house):
    def say(**headers):
        (kind,) = kinds(ask(house, headers={name.replace("_", "-"): value for name, value in headers.items()}))
        return kind

    assert say(x_headworks_cache="off") == "off"
    assert say(cache_control="no-store") == "off"
    assert say() == "miss"
    assert say() == "hit-exact"
    assert say(cache_control="no-store") == "off"
    assert say(x_headworks_cache="refresh") == "miss"
    assert say(cache_control="max-age=0, no-cache") == "miss"
    assert say(x_headworks_cache="on") == "hit-exact"
    assert len(house.fake.calls) == 6


def test_a_refreshed_answer_takes_the_old_one_s_place(house):
    house.fake.script([Recipe(text="Old."), Recipe(text="New.")])
    ask(house)
    ask(house, headers={"x-headworks-cache": "refresh"})
    assert ask(house).text == "New."


def test_a_call_may_switch_on_what_a_feature_does_not_mention(house):
    on = {"x-headworks-cache": "on"}
    assert kinds(*(ask(house, feature="kept", headers=on) for _ in range(2))) == ["miss", "hit-exact"]
    assert kinds(*(ask(house, feature="never", headers=on) for _ in range(2))) == ["off", "off"]
    assert kinds(ask(house, feature="kept")) == ["off"]


def test_another_word_for_it_is_an_error(house):
    answer = ask(house, headers={"x-headworks-cache": "maybe"})
    assert (answer.status, answer.error["param"]) == (400, "x-headworks-cache")


def test_a_high_temperature_wants_another_answer_each_time(house):
    assert kinds(*(ask(house, feature="cold", temperature=0.7) for _ in range(2))) == ["off", "off"]
    assert kinds(*(ask(house, feature="cold", temperature=0.2) for _ in range(2))) == ["miss", "hit-exact"]


def tool(name):
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}


def test_calls_with_tools_that_may_have_effects_are_not_cached(house):
    for tools, kind in (
        ([tool("weather")], "hit-exact"),
        ([tool("weather"), tool("pay")], "off"),
        ([{"type": "x"}], "off"),
    ):
        ask(house, feature="tools", tools=tools)
        assert kinds(ask(house, feature="tools", tools=tools)) == [kind]
    assert kinds(*(ask(house, tools=[tool("weather")]) for _ in range(2))) == ["off", "off"]


def test_a_tool_call_is_said_again(house):
    call = FakeToolCall("weather", {"town": "Köln"})
    house.fake.recipes(Recipe(tool_calls=(call,)))
    asked, again = (ask(house, feature="tools", tools=[tool("weather")], stream=stream) for stream in (False, True))
    made = asked.json["choices"][0]["message"]["tool_calls"][0]
    choices = [piece["choices"][0]["delta"] for piece in again.events]
    deltas = [delta["tool_calls"][0] for delta in choices if "tool_calls" in delta]
    assert deltas[0]["id"] == made["id"]
    assert json.loads("".join(delta["function"].get("arguments", "") for delta in deltas)) == {"town": "Köln"}
    assert again.events[-1]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    "recipe", [Recipe(text=SAID, cut_after_tokens=2), Recipe(status=500), Recipe(text=SAID, omit_finish=True)]
)
def test_what_is_not_whole_is_not_kept(house, recipe):
    house.fake.recipes(recipe)
    ask(house, stream=True)
    house.fake.recipes(Recipe(text=SAID))
    assert kinds(ask(house)) == ["miss"]


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_that_was_cut_short_is_not_kept(house, reason):
    house.fake.recipes(Recipe(text=SAID, finish_reason=reason))
    limited = HI["max_tokens"] if reason == "content_filter" else None
    assert kinds(*(ask(house, max_tokens=limited) for _ in range(2))) == ["miss", "miss"]


def test_an_answer_as_long_as_its_client_wants_is_whole(house):
    house.fake.recipes(Recipe(text="Par", finish_reason="length"))
    assert kinds(*(ask(house, max_tokens=1) for _ in range(2))) == ["miss", "hit-exact"]


def test_a_fallback_s_answer_is_not_kept_for_long(house):
    house.fake.recipes(Recipe(status=500, for_model="first-1"), Recipe(text=SAID))
    asked, again = ask(house, feature="elsewhere"), ask(house, feature="elsewhere")
    assert kinds(asked, again) == ["miss", "hit-exact"]
    assert again.headers["x-headworks-model"] == "second"
    (entry,) = house.entries()
    assert 299 < entry.expires_s - entry.created_s <= 300


def test_embeddings_are_kept_too(house):
    body = {"model": "openai", "input": ["one", "two"]}
    made = [house.ask(body, path="/v1/embeddings", **{"x-headworks-feature": "cached"}) for _ in range(2)]
    assert made[0].json == made[1].json
    assert kinds(*made) == ["miss", "hit-exact"]


def test_an_answer_that_a_user_calls_wrong_is_not_given_again(house):
    house.fake.script([Recipe(text="Wrong."), Recipe(text="Right.")])
    ask(house)
    again = ask(house)
    assert again.text == "Wrong."
    told = house.ask({"trace_id": again.trace_id, "feedback": "thumbs_down"}, path="/v1/feedback")
    assert told.status < 300
    assert ask(house).text == "Right."
    assert ask(house).text == "Right."


def test_a_call_that_is_repeated_word_by_word_stays_itself(house):
    """Its key is remembered with its words: other words, another user or other settings are another call still."""
    for _ in range(4):
        assert kinds(ask(house))[0] in ("miss", "hit-exact")
    assert kinds(ask(house), ask(house, dialect="anthropic"), ask(house, user="bob")) == ["hit-exact"] * 3
    own = [ask(house, feature="own", user=user) for user in ("ann", "ann", "ann", "ann", "bob")]
    assert kinds(*own) == ["miss", "hit-exact", "hit-exact", "hit-exact", "miss"]
    assert kinds(ask(house, temperature=0.1)) == ["miss"]
    house.add(features=FEATURES.replace("cached: {model: openai", "cached: {model: anthropic"))
    assert kinds(ask(house), ask(house)) == ["miss", "hit-exact"]


@pytest.mark.parametrize("body", ['"temperature":0.10', '"temperature":1e-1', '"seed":1,"seed":2'])
def test_a_body_in_an_unusual_form_is_itself_however_often_it_comes(house, body):
    text = '{"model":"feature/cached","messages":[{"role":"user","content":"hi"}],' + body + "}"
    answers = [house.ask(text.encode()) for _ in range(5)]
    assert kinds(*answers) == ["miss", *["hit-exact"] * 4]
