"""The fake goes on with an answer that was begun, as real models do, and answers every other turn as usual."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.testing import FakeProvider, Recipe
from headworks.testing.answer import echo, split
from headworks.testing.talk import Talk, Turn, left_to_say, read_talk

TEXT = "Grüße an 世界!  Two  spaces, 🙂 and\na line."
WORDS = st.text(alphabet="ab ü世\n", min_size=1, max_size=40)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


async def said(fake: FakeProvider, ask: Any, path: str, turns: list[dict[str, Any]], **more: Any) -> str:
    """What the fake says to a conversation, in one of three dialects."""
    if path == "gemini":
        roles = {"user": "user", "assistant": "model"}
        contents = [{"role": roles[turn["role"]], "parts": [{"text": turn["content"]}]} for turn in turns]
        reply = (await ask(fake, "/v1beta/models/m:generateContent", {"contents": contents})).json
        return "".join(part["text"] for part in reply["candidates"][0]["content"]["parts"])
    body = {"model": "m", "messages": turns, "max_tokens": 500, **more}
    if path == "anthropic":
        return "".join(part["text"] for part in (await ask(fake, "/v1/messages", body)).json["content"])
    return (await ask(fake, "/v1/chat/completions", body)).json["choices"][0]["message"]["content"]


DIALECTS = pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini"])


@DIALECTS
@pytest.mark.parametrize("recipe", [Recipe(text=TEXT), Recipe(tokens=9)])
async def test_a_prefill_gets_the_rest_wherever_it_ends(
    fake: FakeProvider, ask: Any, dialect: str, recipe: Recipe
) -> None:
    fake.recipes(recipe)
    whole = await said(fake, ask, dialect, [user("grüß 世界")])
    for at in range(1, len(whole) + 1):
        begun = whole[:at].rstrip()
        assert begun + await said(fake, ask, dialect, [user("grüß 世界"), assistant(begun)]) == whole


async def test_every_dialect_is_told_the_same(fake: FakeProvider, ask: Any) -> None:
    talk = [user("one two"), assistant("three"), user("four five")]
    assert len({await said(fake, ask, dialect, talk) for dialect in ("openai", "anthropic", "gemini")}) == 1


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_prefill_may_be_rejected_in_the_words_of_the_dialect(
    fake: FakeProvider, ask: Any, path: str, stream: bool
) -> None:
    fake.recipes(Recipe(prefill="rejected"))
    body = {"model": "m", "max_tokens": 9, "stream": stream, "messages": [user("hi"), assistant("Echo:")]}
    answer = await ask(fake, path, body)
    assert answer.status == 400
    assert answer.json["error"]["type"] == "invalid_request_error"
    assert answer.json["error"]["message"].startswith("This model does not support assistant message prefill.")
    assert (await ask(fake, path, body | {"messages": [user("hi")]})).status == 200


async def test_a_prefill_may_be_ignored_and_one_that_fits_no_answer_is(fake: FakeProvider, ask: Any) -> None:
    whole = await said(fake, ask, "openai", [user("hi")])
    assert await said(fake, ask, "openai", [user("hi"), assistant("Something else")]) == whole
    fake.recipes(Recipe(prefill="ignored"))
    assert await said(fake, ask, "openai", [user("hi"), assistant("Echo: hi")]) == whole


async def test_anthropic_refuses_a_prefill_that_ends_in_a_blank(fake: FakeProvider, ask: Any) -> None:
    body = {"model": "m", "max_tokens": 9, "messages": [user("hi"), assistant("Echo: ")]}
    answer = await ask(fake, "/v1/messages", body)
    assert answer.status == 400
    assert "final assistant content cannot end with trailing whitespace" in answer.json["error"]["message"]


@DIALECTS
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("continued", " d e f"),
        ("overlapping", " a b c d e f"),
        ("restarted", "Echo: a b c d e f"),
    ],
)
async def test_a_turn_after_an_unfinished_answer_goes_on_with_it(
    fake: FakeProvider, ask: Any, dialect: str, mode: Any, expected: str
) -> None:
    fake.recipes(Recipe(tokens=7, continuation=mode))
    talk = [user("a b c d e f"), assistant("Echo: a b c"), user("And then?")]
    assert await said(fake, ask, dialect, talk) == expected


@pytest.mark.parametrize("text", ["Echo: a b c d e f", "Something else", ""])
async def test_after_any_other_answer_a_turn_is_answered_as_usual(fake: FakeProvider, ask: Any, text: str) -> None:
    fake.recipes(Recipe(tokens=7))
    talk = [user("a b c d e f"), assistant(text), user("And then?")]
    assert await said(fake, ask, "openai", talk) == "Echo: And then? And then? And then?"


async def test_continuing_can_be_switched_off(fake: FakeProvider, ask: Any) -> None:
    fake.recipes(Recipe(tokens=3, continuation="off"))
    assert await said(fake, ask, "openai", [user("a b c"), assistant("Echo: a"), user("Continue.")]) == (
        "Echo: Continue. Continue."
    )


async def test_an_answer_that_the_limit_cut_is_a_whole_one_unless_more_is_asked_for(
    fake: FakeProvider, ask: Any
) -> None:
    fake.recipes(Recipe(tokens=7))
    begun = [user("a b c d e f"), assistant("Echo: a b")]
    assert await said(fake, ask, "openai", [*begun, user("Why?")], max_tokens=3) == "Echo: Why? Why?"
    assert await said(fake, ask, "openai", [*begun, user("Please continue.")], max_tokens=3) == " c d e"


async def test_nothing_is_left_after_the_last_word(fake: FakeProvider, ask: Any) -> None:
    fake.recipes(Recipe(tokens=3))
    body = {"model": "m", "messages": [user("a b"), assistant("Echo: a b"), user("Continue your answer.")]}
    answer = (await ask(fake, "/v1/chat/completions", body)).json
    assert (answer["choices"][0]["message"]["content"], answer["usage"]["completion_tokens"]) == ("", 0)


async def completed(fake: FakeProvider, ask: Any, prompt: str) -> str:
    return (await ask(fake, "/v1/completions", {"model": "m", "prompt": prompt})).json["choices"][0]["text"]


@pytest.mark.parametrize("recipe", [Recipe(text=TEXT), Recipe(tokens=6)])
async def test_a_prompt_that_ends_in_its_answers_beginning_gets_the_rest(
    fake: FakeProvider, ask: Any, recipe: Recipe
) -> None:
    fake.recipes(recipe)
    whole = await completed(fake, ask, "Say it")
    pieces = split(whole) if recipe.text else echo("Say it", 6)
    for count in range(1, len(pieces)):
        begun = "".join(pieces[:count])
        assert begun + await completed(fake, ask, "Say it" + begun) == whole


async def test_a_prompt_without_a_beginning_gets_the_whole(fake: FakeProvider, ask: Any) -> None:
    fake.recipes(Recipe(text="hello"))
    assert await completed(fake, ask, "Say hello") == "hello"
    assert await completed(fake, ask, "hello") == "hello"


@given(WORDS, st.integers(1, 40))
def test_what_was_said_and_what_is_left_are_the_whole(text: str, at: int) -> None:
    begun = text[:at]
    rest = left_to_say(Talk(said="x", begun=begun), Recipe(), None, lambda _: split(text))
    assert begun + "".join(rest) == text


@given(WORDS, st.integers(1, 40), st.sampled_from(["continued", "overlapping", "restarted"]))
def test_a_continuation_begins_within_what_was_said(text: str, at: int, mode: Any) -> None:
    begun = text[:at]
    talk = Talk(said="continue", asked="x", answered=begun)
    rest = "".join(left_to_say(talk, Recipe(continuation=mode), None, lambda _: split(text)))
    assert text.endswith(rest)
    assert len(begun) + len(rest) >= len(text)


@pytest.mark.parametrize(
    ("turns", "talk"),
    [
        ([], Talk()),
        ([Turn("user", "a")], Talk(said="a")),
        ([Turn("user", "a"), Turn("assistant", "")], Talk(said="a")),
        ([Turn("user", "a"), Turn("assistant", "b")], Talk(said="a", begun="b")),
        ([Turn("assistant", "b"), Turn("user", "c")], Talk(said="c")),
        ([Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c")], Talk(said="c", asked="a", answered="b")),
        ([Turn("user", "a"), Turn("assistant", "b"), Turn("tool", "c")], Talk(said="a")),
    ],
)
def test_what_a_conversation_comes_to(turns: list[Turn], talk: Talk) -> None:
    assert read_talk(turns) == talk
