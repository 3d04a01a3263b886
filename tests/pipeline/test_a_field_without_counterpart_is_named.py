"""A field that the provider's dialect lacks is refused by name, or dropped by name where the config says so."""

import pytest

FOREIGN = [
    ("openai", "anthropic", {"logit_bias": {"5": 1}}),
    ("openai", "gemini", {"logit_bias": {"5": 1}}),
    ("openai", "anthropic", {"seed": 7}),
    ("openai", "anthropic", {"presence_penalty": 0.5}),
    ("openai", "anthropic", {"tomorrows_field": {"a": [1]}}),
    ("openai", "gemini", {"tomorrows_field": {"a": [1]}}),
    ("anthropic", "openai", {"top_k": 5}),
    ("anthropic", "openai", {"tomorrows_field": True}),
    ("anthropic", "gemini", {"tomorrows_field": True}),
    ("anthropic", "openai", {"mcp_servers": []}),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("client", "model", "field"), FOREIGN)
def test_it_is_refused_by_name_and_no_provider_is_asked(house, client, model, field, stream):
    answer = house.chat(client, model, stream=stream, **field)
    (name,) = field
    assert answer.status == 400
    assert f"`{name}`" in answer.error["message"]
    found = house.record(answer)
    assert (found["status"], found["error_code"]) == ("refused", "unsupported_field")
    house.fake.expect(0)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("client", "model", "field"), FOREIGN)
def test_it_is_dropped_by_name_where_the_config_says_so(house, client, model, field, stream):
    answer = house.chat(client, f"loose-{model}", stream=stream, **field)
    (name,) = field
    assert answer.status == 200
    assert answer.headers["x-headworks-dropped"] == name
    (call,) = house.fake.expect(1)
    assert name.encode() not in call.body


@pytest.mark.parametrize("client", ["openai", "anthropic"])
@pytest.mark.parametrize("model", ["{}", "loose-{}"])
def test_its_own_dialect_gets_it_untouched(house, client, model):
    answer = house.chat(client, model.format(client), tomorrows_field={"a": [1, {"b": None}]}, z=0.10)
    assert answer.status == 200
    assert "x-headworks-dropped" not in answer.headers
    (call,) = house.fake.expect(1)
    assert call.json["tomorrows_field"] == {"a": [1, {"b": None}]}


def test_several_dropped_fields_are_all_named(house):
    answer = house.chat("openai", "loose-anthropic", logit_bias={"5": 1}, seed=7, tomorrows_field=1)
    named = set(answer.headers["x-headworks-dropped"].split(", "))
    assert named == {"logit_bias", "seed", "tomorrows_field"}
