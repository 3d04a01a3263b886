"""Long prompts through the whole house, to providers that keep prefixes: what is marked, read, and saved."""

from itertools import pairwise

import pytest

from headworks.testing import Recipe

SYSTEM = "You are a helper of few words. " * 400
PRICE = "price_usd_per_mtok: {input: 1, output: 5, cached: 0.1, cache_write_5m: 1.25, cache_write_1h: 2}"
PROVIDERS = """
told: {dialect: anthropic, base_url: "FAKE/v1", api_key: sk-told-secret-0001}
named:
  {dialect: openai, base_url: "FAKE/v1", api_key: sk-named-secret-1, capabilities: [chat, prompt_cache_key]}
many: {dialect: anthropic, base_url: "FAKE/v1", api_keys: [sk-many-secret-01, sk-many-secret-02, sk-many-secret-03]}
"""
MODELS = f"""
told: {{provider: told, model: claude-1, {PRICE}, unsupported: drop}}
named: {{provider: named, model: gpt-1, {PRICE}, unsupported: drop}}
unasked: {{provider: gem, model: gemini-1, {PRICE}, unsupported: drop}}
many: {{provider: many, model: claude-1, {PRICE}}}
dear: {{provider: named, model: gpt-2, price_usd_per_mtok: {{input: 1, output: 5, cached: 0.9}}, fallbacks: [told]}}
"""
FEATURES = "\nkept-off: {cache: {prefix: off}}\nplain: {resume: {mode: off}, retry: {per_model: 0}}\n"


@pytest.fixture(scope="module", autouse=True)
def _models(house):
    house.add(providers=PROVIDERS, models=MODELS, features=FEATURES)


@pytest.fixture(autouse=True)
def _keeping(house):
    house.fake.keep_prefixes()
    yield
    house.fake.keep_no_prefixes()


def turns(*said):
    return [{"role": "user" if at % 2 == 0 else "assistant", "content": text} for at, text in enumerate(said)]


def ask(house, dialect, model, system, *said, **more):
    """One call with a system prompt."""
    messages = turns(*said)
    if dialect == "openai":
        return house.chat(dialect, model, messages=[{"role": "system", "content": system}, *messages], **more)
    return house.chat(dialect, model, system=system, messages=messages, **more)


def cached(house, answer):
    """Tokens read, tokens written, and what that saved."""
    record = house.record(answer)
    return record["cached_tokens"], record["cache_write_tokens"], record["saved_nano"]


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_comes_again_is_written_once_and_then_read(house, dialect, stream):
    system = f"{dialect} {stream} {SYSTEM}"
    first, second, third = (
        cached(house, ask(house, dialect, "told", system, f"Question {number}", stream=stream)) for number in range(3)
    )
    assert first == (0, 0, 0)
    assert second[0] == 0
    assert second[1] > 3_000
    assert second[2] == -second[1] * 250
    assert third == (second[1], 0, second[1] * 900)


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_a_conversation_is_read_from_where_it_was(house, dialect):
    said, found = [f"{dialect}: hello"], []
    for number in range(5):
        answer = ask(house, dialect, "told", SYSTEM + dialect, *said, stream=False)
        found.append(cached(house, answer))
        said += [answer.text, f"And {number}? " * 200]
    assert found[0] == (0, 0, 0)
    assert found[1][1] > 3_000
    assert all(later[0] == before[0] + before[1] > 3_000 for before, later in pairwise(found[1:]))
    assert sum(saved for _, _, saved in found) > 0


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
@pytest.mark.parametrize("model", ["named", "unasked"])
def test_what_is_kept_unasked_is_read_as_well(house, dialect, model):
    system = f"{dialect} {model} {SYSTEM}"
    first = cached(house, ask(house, dialect, model, system, "One"))
    second = cached(house, ask(house, dialect, model, system, "Two"))
    assert first == (0, 0, 0)
    assert second[0] > 3_000
    assert second[2] == second[0] * 900


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_a_prompt_cache_key_goes_to_those_who_understand_it(house, dialect):
    asked = {}
    for model in ("named", "told", "openai"):
        ask(house, dialect, model, f"key {SYSTEM}", "One")
        asked[model] = house.fake.calls[-1].json.get("prompt_cache_key")
    assert asked["named"].startswith("hw-")
    assert (asked["told"], asked["openai"]) == (None, None)


def test_a_clients_own_marks_are_respected(house):
    system = [{"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    for _ in range(3):
        house.chat("anthropic", "told", system=system, messages=turns("Hello", "Hi", "And?"))
        assert house.fake.calls[-1].json["system"] == system
        assert house.fake.calls[-1].json["messages"] == turns("Hello", "Hi", "And?")
    own = {"messages": turns("own " + SYSTEM), "prompt_cache_key": "mine"}
    house.chat("openai", "named", **own)
    assert house.fake.calls[-1].json["prompt_cache_key"] == "mine"


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_a_feature_can_switch_it_off(house, dialect):
    for _ in range(3):
        answer = ask(house, dialect, "told", f"off {SYSTEM}", "Hello", "Hi", "And?", feature="kept-off")
        assert cached(house, answer) == (0, 0, 0)
        assert b"cache_control" not in house.fake.calls[-1].body
    ask(house, dialect, "named", f"off {SYSTEM}", "Hello", feature="kept-off")
    assert b"prompt_cache_key" not in house.fake.calls[-1].body


def test_short_prompts_are_passed_through_to_the_byte(house):
    for _ in range(3):
        house.chat("anthropic", "told", system="Be brief.", messages=turns("Hello", "Hi", "And?"))
        assert house.fake.calls[-1].json["system"] == "Be brief."


def test_the_money_on_record_is_the_providers(house):
    for number in range(3):
        record = house.record(ask(house, "anthropic", "told", f"money {SYSTEM}", f"Question {number}"))
        told = house.fake.calls[-1].told
        plain = told.input_tokens - told.cached_tokens - told.cache_write_tokens
        paid = plain * 1000 + told.cached_tokens * 100 + told.cache_write_5m_tokens * 1250 + told.output_tokens * 5000
        assert record["cost_nano"] == paid
        assert record["saved_nano"] == told.input_tokens * 1000 + told.output_tokens * 5000 - paid


def keys(house):
    return [call.headers["x-api-key"][-1] for call in house.fake.calls]


def test_a_conversation_keeps_to_one_key_and_so_reads_what_it_wrote(house):
    said = ["Hello, key"]
    for _ in range(5):
        answer = ask(house, "anthropic", "many", SYSTEM, *said)
        said += [answer.text, "And?"]
    assert len(set(keys(house))) == 1
    for number in range(30):
        ask(house, "anthropic", "many", SYSTEM, f"Conversation {number}")
    assert set(keys(house)) == {"1", "2", "3"}


def test_a_conversation_stays_with_the_fallback_that_holds_it_and_only_that_one(house):
    house.fake.script([Recipe(status=500)])
    said = ["Hello, fallback"]
    answer = ask(house, "openai", "dear", SYSTEM, *said, feature="plain")
    assert answer.headers["x-headworks-model"] == "told"
    again = ask(house, "openai", "dear", SYSTEM, *said, answer.text, "And?", feature="plain")
    assert again.headers["x-headworks-model"] == "told"
    assert again.headers["x-headworks-attempts"] == "1"
    other = ask(house, "openai", "dear", SYSTEM, "Another conversation", feature="plain")
    assert other.headers["x-headworks-model"] == "dear"


def test_the_metrics_add_up_what_was_read_written_and_saved(house):
    def counted():
        house.run(house.gateway.recorder.flush())
        lines = house.gateway.recorder.metrics_text().decode().splitlines()
        rows = [
            line.rsplit(" ", 1) for line in lines if line.startswith("headworks_prefix_") and 'provider="told"' in line
        ]
        return {name: float(value) for name, value in rows}

    before = counted()
    records = [house.record(ask(house, "anthropic", "told", f"metrics {SYSTEM}", str(number))) for number in range(3)]
    after = counted()
    gained = {name: value - before.get(name, 0.0) for name, value in after.items()}
    labels = 'provider="told"'
    assert gained[f'headworks_prefix_tokens_total{{kind="read",{labels}}}'] == records[2]["cached_tokens"]
    assert gained[f'headworks_prefix_tokens_total{{kind="write",{labels}}}'] == records[1]["cache_write_tokens"]
    assert gained[f'headworks_prefix_usd_total{{kind="saved",{labels}}}'] == pytest.approx(records[2]["saved_usd"])
    assert gained[f'headworks_prefix_usd_total{{kind="surcharge",{labels}}}'] == pytest.approx(-records[1]["saved_usd"])
