"""Long prompts to a provider that keeps beginnings under names: made beside the calls, named, gone, said again."""

import asyncio
import json

import pytest
from tests.pipeline.keeper import Keeper, whole

from headworks.app import SECTIONS
from headworks.cache.prefix import PrefixMemory

SYSTEM = "You are a helper of few words. " * 700
PRICE = "price_usd_per_mtok: {input: 1, output: 5, cached: 0.1, cache_storage_hour: 0.6}"
PROVIDERS = """
keeper: {dialect: gemini, base_url: "URL", api_key: sk-keeper-secret-1}
keys: {dialect: gemini, base_url: "URL", api_keys: [sk-keys-secret-01, sk-keys-secret-02]}
unable: {dialect: gemini, base_url: "URL", api_key: sk-unable-secret-1, capabilities: [chat]}
"""
MODELS = f"""
flash: {{provider: keeper, model: gemini-9-flash, {PRICE}, unsupported: drop}}
many-keys: {{provider: keys, model: gemini-9-flash, {PRICE}}}
unable: {{provider: unable, model: gemini-9-flash, {PRICE}}}
unlisted: {{provider: keeper, model: gemini-9-other, price_usd_per_mtok: {{input: 1, output: 5, cached: 0.1}}}}
"""
FEATURES = "\nkept-off: {cache: {prefix: off}}\n"
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("b", "a")]


@pytest.fixture(scope="module")
def keeper(house):
    made = Keeper()
    house.run(made.start())
    house.add(providers=PROVIDERS.replace("URL", made.base_url), models=MODELS, features=FEATURES)
    yield made
    house.run(made.stop())


@pytest.fixture(autouse=True)
def _nothing_kept(house, keeper):
    keeper.calls.clear()
    keeper.kept.clear()
    keeper.refuse_making = keeper.hold = None
    gateway = house.gateway
    house.run(gateway._prefixes.stop())
    gateway._prefixes = PrefixMemory(SECTIONS, gateway._prefixes._memory.prices, gateway._clock)
    gateway.edge.house = gateway._house(gateway.config)


def body(model, system, *said, **more):
    turns = [{"role": "user" if at % 2 == 0 else "assistant", "content": text} for at, text in enumerate(said)]
    return {"model": model, "messages": [{"role": "system", "content": system}, *turns], **more}


def ask(house, model, system, *said, feature=None, **more):
    """One call, and all that it causes."""
    named = {"x-headworks-feature": feature} if feature else {}
    answer = house.ask(body(model, system, *said, **more), **named)
    assert answer.status == 200, answer.body
    house.run(house.gateway._prefixes.settled())
    return answer


@pytest.mark.parametrize("stream", [False, True])
def test_a_beginning_that_comes_again_is_made_once_and_then_named(house, keeper, stream):
    answers = [ask(house, "flash", SYSTEM, f"Question {number}", stream=stream) for number in range(5)]
    assert [call.names is not None for call in keeper.asked()] == [False, False, True, True, True]
    (order,) = keeper.orders()
    assert order.body["model"] == "models/gemini-9-flash"
    assert order.body["ttl"] == "300s"
    assert order.body["systemInstruction"] == keeper.asked()[0].body["systemInstruction"]
    assert [answer.text for answer in answers] == [f"Yes: Question {number}" for number in range(5)]
    records = [house.record(answer) for answer in answers]
    assert [record["cached_tokens"] > 3_000 for record in records] == [False, False, True, True, True]
    assert records[2]["saved_nano"] == records[2]["cached_tokens"] * 900


def test_the_model_reads_the_same_whether_it_is_named_or_said(house, keeper):
    said = ["Hello"]
    asked = []
    for number in range(6):
        more = {"tools": TOOLS, "tool_choice": "auto", "temperature": 0.5}
        answer = ask(house, "flash", SYSTEM, *said, **more)
        call = keeper.asked()[-1]
        asked.append(call.names)
        ask(house, "flash", SYSTEM, *said, feature="kept-off", **more)
        plain = keeper.asked()[-1].body
        assert plain.pop("tools")[0]["functionDeclarations"][0]["name"] == "b"
        assert {name: part for name, part in whole(keeper, call).items() if name != "tools"} == plain
        said += [answer.text, f"And {number}? " * 2_000]
    assert asked[-1] is not None


def test_the_history_of_a_conversation_is_named_as_well(house, keeper):
    said = ["Here is the book. " * 2_000]
    for number in range(6):
        said += [ask(house, "flash", "Be brief.", *said).text, f"And {number}?"]
    last = keeper.asked()[-1]
    assert last.names is not None
    assert len(json.dumps(last.body)) < 1_000
    assert any("contents" in order.body for order in keeper.orders())


def test_documents_before_the_question_are_named(house, keeper):
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A book. " * 3_000}}
    for number in range(4):
        content = [document, {"type": "text", "text": f"Question {number}"}]
        house.ask(
            {"model": "flash", "max_tokens": 9, "messages": [{"role": "user", "content": content}]}, path="/v1/messages"
        )
        house.run(house.gateway._prefixes.settled())
    (order,) = keeper.orders()
    assert len(order.body["contents"][0]["parts"]) == 1
    assert keeper.asked()[-1].body["contents"] == [{"role": "user", "parts": [{"text": "Question 3"}]}]


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_gone_is_said_again_at_once_and_made_anew(house, keeper, stream):
    for number in range(3):
        ask(house, "flash", SYSTEM, f"Question {number}")
    keeper.kept.clear()
    answer = ask(house, "flash", SYSTEM, "Is it gone?", stream=stream)
    assert answer.text == "Yes: Is it gone?"
    assert [(call.status, call.names is None) for call in keeper.asked()[-2:]] == [(403, False), (200, True)]
    record = house.record(answer)
    assert (record["status"], len(record["attempts"])) == ("ok", 1)
    ask(house, "flash", SYSTEM, "And now?")
    ask(house, "flash", SYSTEM, "And now?")
    assert keeper.asked()[-1].names == "cachedContents/kept2"


def test_calls_at_the_same_time_have_it_made_once(house, keeper):
    async def together():
        keeper.hold = asyncio.Event()
        answers = await asyncio.gather(
            *(
                house.asking(body("flash", SYSTEM, f"Question {number}"), path="/v1/chat/completions")
                for number in range(50)
            )
        )
        keeper.hold.set()  # and no call has waited for it
        await house.gateway._prefixes.settled()
        return answers

    ask(house, "flash", SYSTEM, "First")
    assert {answer.status for answer in house.run(together())} == {200}
    assert len(keeper.orders()) == 1
    ask(house, "flash", SYSTEM, "Last")
    assert keeper.asked()[-1].names is not None


@pytest.mark.parametrize(
    "refused", [(400, "Cached content is too small."), (429, "limit exceeded"), (403, "no permission"), (500, "oops")]
)
def test_when_it_cannot_be_made_calls_go_on_and_it_is_not_tried_each_time(house, keeper, refused):
    keeper.refuse_making = refused
    for number in range(10):
        ask(house, "flash", SYSTEM, f"Question {number}")
    assert len(keeper.orders()) == 1
    assert [call.names for call in keeper.asked()] == [None] * 10
    assert house.at_rest()


def test_an_answer_that_names_nothing_is_a_failure(house, keeper):
    keeper._keep = lambda call: (200, {"name": "elsewhere/../x"})
    try:
        for number in range(4):
            ask(house, "flash", SYSTEM, f"Question {number}")
    finally:
        del keeper._keep
    assert [call.names for call in keeper.asked()] == [None] * 4


def test_each_key_keeps_its_own(house, keeper):
    for number in range(40):
        ask(house, "many-keys", SYSTEM, f"Conversation {number}")
    assert {order.key for order in keeper.orders()} == {"sk-keys-secret-01", "sk-keys-secret-02"}
    assert len(keeper.orders()) == 2
    assert {call.status for call in keeper.asked()} == {200}
    assert len({(call.key, call.names) for call in keeper.asked()[20:]}) == 2


@pytest.mark.parametrize(("model", "feature"), [("unable", None), ("unlisted", None), ("flash", "kept-off")])
def test_nothing_is_kept_by_name_where_it_cannot_be_or_has_no_price_or_is_off(house, keeper, model, feature):
    for number in range(5):
        ask(house, model, SYSTEM, f"Question {number}", feature=feature)
    assert keeper.orders() == []
    assert [call.names for call in keeper.asked()] == [None] * 5


@pytest.mark.parametrize(
    "own",
    [
        {"cached_content": "cachedContents/mine"},
        {"cachedContent": "cachedContents/mine"},
        {"extra_body": {"google": {"cached_content": "cachedContents/mine"}}},
    ],
)
def test_a_clients_own_name_is_respected(house, keeper, own):
    keeper.kept["cachedContents/mine"] = ("sk-keeper-secret-1", {"model": "models/gemini-9-flash"})
    for number in range(4):
        question = [{"role": "user", "content": f"{number} " + SYSTEM}]
        house.ask({"model": "flash", "messages": question, **own})
    house.run(house.gateway._prefixes.settled())
    assert [call.names for call in keeper.asked()] == ["cachedContents/mine"] * 4
    assert keeper.orders() == []


def test_what_it_costs_stands_in_the_metrics(house, keeper):
    for number in range(3):
        ask(house, "flash", SYSTEM, f"Question {number}")
    keeper.kept.clear()
    ask(house, "flash", SYSTEM, "Gone")
    tokens = len(json.dumps({name: part for name, part in keeper.orders()[0].body.items() if name != "ttl"})) // 4
    paid = house.gateway._prefixes._memory.contents.counts.paid_nano
    assert paid["write", "keeper"] == tokens * 1_000
    assert paid["storage", "keeper"] == -(-tokens * 600 * 300 // 3_600)
    lines = house.gateway.edge.house.metrics().decode()
    assert 'headworks_prefix_contents_total{outcome="made",provider="keeper"} 1.0' in lines
    assert 'headworks_prefix_contents_total{outcome="gone",provider="keeper"} 1.0' in lines
    assert f'headworks_prefix_contents_usd_total{{kind="write",provider="keeper"}} {tokens / 1e6}' in lines
