"""How much is left out: by numbers, by a count, by half; and what is not even tried."""

import pytest

from headworks.core.errors import BadAskError, ProviderError
from headworks.dialects.too_long import TooLong
from headworks.providers.context import fitted, known_too_long, said_too_long, suspect


class Counting:
    """Counts a token for every five bytes of the messages, and how often it was asked."""

    def __init__(self, *, unreadable=False):
        self.asked = 0
        self._unreadable = unreadable

    async def __call__(self, target, ask):
        self.asked += 1
        if self._unreadable:
            raise BadAskError("cannot be translated")
        return len(bytes(ask.fields["messages"])) // 5


async def test_numbers_of_the_provider_say_how_much_goes(client, target):
    ask = client.chat(10)
    count = Counting()
    fit = await fitted(client.editor, ask, target, TooLong(limit=2000, input=2400), count)
    assert fit.trim.weight / len(bytes(ask.fields["messages"])) == pytest.approx(0.25, abs=0.1)
    assert client.said(fit.ask)[:2] == client.said(ask)[:2]
    assert client.said(fit.ask)[-1] == client.said(ask)[-1]
    assert count.asked == 0


async def test_the_shortened_ask_leaves_room_for_the_answer(client, target):
    ask = client.chat(10, max_tokens=800)
    fit = await fitted(client.editor, ask, target, TooLong(limit=2000, input=2400), Counting())
    size = 2400 * (1 - fit.trim.weight / len(bytes(ask.fields["messages"])))
    assert size + 800 <= 2000
    assert client.editor.max_tokens(fit.ask) == 800


async def test_an_answer_of_more_than_half_the_models_limit_is_made_shorter(client, target):
    fit = await fitted(
        client.editor, client.chat(10, max_tokens=1900), target, TooLong(limit=2000, input=2400), Counting()
    )
    assert client.editor.max_tokens(fit.ask) == 1000
    assert fit.trim is not None


async def test_only_the_answer_is_made_shorter_where_that_is_enough(client, target):
    ask = client.chat(2, max_tokens=1900)
    fit = await fitted(client.editor, ask, target, TooLong(limit=2000, input=500, output=1900), Counting())
    assert fit.trim is None
    assert client.said(fit.ask) == client.said(ask)
    assert client.editor.max_tokens(fit.ask) == 1460


async def test_a_limit_without_a_size_is_set_against_a_count(client, target):
    ask = client.chat(10)
    count = Counting()
    fit = await fitted(client.editor, ask, target, TooLong(limit=1500), count)
    assert count.asked == 1
    assert len(bytes(fit.ask.fields["messages"])) / 5 < 1350


async def test_half_of_the_middle_goes_where_nothing_is_known(client, target):
    ask = client.chat(10)
    fit = await fitted(client.editor, ask, target, TooLong(), Counting())
    assert len(client.said(fit.ask)) == 21 - len(fit.trim.dropped)
    assert len(fit.trim.dropped) == 10
    unreadable = await fitted(client.editor, ask, target, TooLong(limit=1500), Counting(unreadable=True))
    assert unreadable.trim.dropped == fit.trim.dropped


async def test_numbers_that_say_it_fits_are_not_believed(client, target):
    fit = await fitted(client.editor, client.chat(10), target, TooLong(limit=9000, input=2000), Counting())
    assert len(fit.trim.dropped) == 10


async def test_room_is_spared_for_a_summary(client, target):
    ask = client.chat(10)
    without = await fitted(client.editor, ask, target, TooLong(limit=2000, input=2400), Counting())
    spared = await fitted(client.editor, ask, target, TooLong(limit=2000, input=2400), Counting(), spare_tokens=700)
    assert spared.trim.weight > without.trim.weight


async def test_what_is_too_long_without_its_middle_is_not_tried(client, target):
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "word " * 5000},
    ]
    assert (
        await fitted(client.editor, client.ask(messages), target, TooLong(limit=2000, input=5000), Counting()) is None
    )
    assert await fitted(client.editor, client.chat(0), target, TooLong(), Counting()) is None


@pytest.mark.parametrize("client", ["anthropic"], indirect=True)
async def test_a_thinking_model_whose_answer_cannot_be_shorter_loses_turns(client, target):
    ask = client.chat(10, max_tokens=2048, thinking={"type": "enabled", "budget_tokens": 1024})
    fit = await fitted(client.editor, ask, target, TooLong(limit=4000, input=1900), Counting())
    assert len(fit.trim.dropped) == 10
    assert client.editor.max_tokens(fit.ask) == 2048


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("prompt is too long: 210000 tokens > 200000 maximum", TooLong(limit=200000, input=210000)),
        ("Input is too long for requested model.", TooLong(limit=128000)),
        ("prompt too long; exceeded max context length by 4096 tokens", TooLong(limit=128000)),
    ],
)
def test_what_the_provider_does_not_say_is_what_is_known(sentence, told):
    assert said_too_long(ProviderError(f"The provider answered 400: {sentence}"), 128000) == told


def test_a_prompt_is_suspect_from_three_bytes_for_each_token_on(client):
    ask = client.chat(1, words=10)
    size = sum(len(bytes(raw)) for raw in ask.fields.values())
    assert suspect(ask, size // 3 - 1)
    assert not suspect(ask, size // 3 + 1)
    assert suspect(client.chat(1, words=10, tools=[]), size // 3 + 300)


async def test_only_a_clear_case_is_known_before_sending(client, target):
    ask = client.chat(10)
    size = len(bytes(ask.fields["messages"]))
    count = Counting()
    assert await known_too_long(ask, target, None, count) is None
    assert await known_too_long(ask, target, size // 2, count) is None
    assert count.asked == 0
    assert await known_too_long(ask, target, size // 5 - 1, count) is None
    assert await known_too_long(ask, target, size // 6, count) == TooLong(limit=size // 6, input=size // 5)
    assert count.asked == 2
    assert await known_too_long(ask, target, size // 6, Counting(unreadable=True)) is None


async def test_what_holds_pictures_is_left_to_the_provider(client, target):
    count = Counting()
    ask = client.ask([{"role": "user", "content": [{"type": "text", "text": "word " * 999 + '"image'}]}])
    assert await known_too_long(ask, target, 10, count) is not None
    pictured = client.ask([{"role": "user", "content": [{"type": "image", "source": {}, "text": "w " * 999}]}])
    assert await known_too_long(pictured, target, 10, count) is None
