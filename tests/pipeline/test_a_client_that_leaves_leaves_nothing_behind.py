"""A client leaves at any moment of its call: the provider is hung up on at once, and nothing of the call goes on."""

import asyncio

import msgspec
import pytest

from headworks.providers.health import Lane
from headworks.testing import Recipe

CLIENTS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
SAID = "One two three four five six seven eight nine ten."
WITHIN_S = 1.0


@pytest.fixture(autouse=True)
def _models(house):
    house.add(
        providers='narrow: {dialect: openai, base_url: "FAKE/v1", api_key: key-eeee-0005, max_concurrency: 1}',
        models="""
            narrow: {provider: narrow, model: narrow-1}
            keyed: {provider: oai, model: first-1, price_usd_per_mtok: {input: 1, output: 2}, context_tokens: 2000}
        """,
        features="short: {model: keyed, too_long: [summarise]}",
    )
    house.forget()


class Leaving:
    """A client that leaves when the provider, or what it has read, is as far as a test wants it."""

    def __init__(self, house, client, model, *, stream, feature="kept", messages=None):
        self.house = house
        self.wanted = lambda: True
        self.words = None
        self._body = {
            "model": model,
            "max_tokens": 500,
            "stream": stream,
            "messages": messages or [{"role": "user", "content": "Hi"}],
        }
        self._path, self._feature = CLIENTS[client], feature

    def run(self, *, first=None):
        """`first`: a call that is under way before."""
        self.house.run(self._run(first))
        return self.house.last_record()

    async def _run(self, first):
        fake, others = self.house.fake, []
        before = asyncio.all_tasks()
        if first is not None:
            others.append(self.house.visit(first))
            await fake.until(lambda: len(fake.calls) == 1)
        visit = self.house.visit(self._body, path=self._path, x_headworks_feature=self._feature)
        await fake.until(self.wanted)
        if self.words is not None:
            await visit.until(self.words)
        await asyncio.sleep(0.02)  # whatever it does next, it does it now
        async with asyncio.timeout(WITHIN_S):
            await visit.leave()
            await fake.until(lambda: all(call.ended for call in fake.calls[len(others) :]))
            for other in others:
                await other.leave()
            for task in asyncio.all_tasks() - before - {asyncio.current_task()}:
                await asyncio.wait([task])


def gone(house, record, attempts):
    """On record as what it is."""
    assert record["status"] == "client_gone"
    assert [attempt["status"] for attempt in record["attempts"]] == attempts
    assert house.at_rest()
    return True


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
def test_before_the_first_byte(house, client, stream):
    house.fake.recipes(Recipe(silence_s=30))
    leaving = Leaving(house, client, "openai", stream=stream)
    leaving.wanted = lambda: len(house.fake.calls) == 1
    record = leaving.run()
    assert gone(house, record, ["client_gone"])
    assert house.fake.calls[0].cancelled
    assert record["cost_nano"] > 0  # its prompt was sent


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", ["openai", "anthropic", "gemini"])
def test_in_the_middle_of_a_stream(house, client, model):
    house.fake.recipes(Recipe(text=SAID, stall_after_tokens=4))
    leaving = Leaving(house, client, model, stream=True)
    leaving.wanted = lambda: len(house.fake.calls) == 1
    leaving.words = b"four"
    assert gone(house, leaving.run(), ["client_gone"])
    assert house.fake.calls[0].cancelled


@pytest.mark.parametrize("client", CLIENTS)
def test_in_the_middle_of_a_whole_answer(house, client):
    house.fake.recipes(Recipe(text=SAID, stall_after_tokens=4))
    leaving = Leaving(house, client, "openai", stream=False)
    leaving.wanted = lambda: len(house.fake.calls) == 1
    assert gone(house, leaving.run(), ["client_gone"])
    assert house.fake.calls[0].cancelled


@pytest.mark.parametrize("stream", [False, True])
def test_between_two_tries(house, stream):
    house.fake.recipes(Recipe(status=429, retry_after="5"))
    leaving = Leaving(house, "openai", "openai", stream=stream)
    leaving.wanted = lambda: len(house.fake.calls) == 1
    assert gone(house, leaving.run(), ["failed"])
    house.fake.expect(1)


def test_in_the_second_try(house):
    house.fake.recipes(Recipe(status=500, times=1), Recipe(silence_s=30))
    leaving = Leaving(house, "openai", "openai", stream=True)
    leaving.wanted = lambda: len(house.fake.calls) == 2
    assert gone(house, leaving.run(), ["failed", "client_gone"])


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("second", [Recipe(silence_s=30), Recipe(text=SAID, stall_after_tokens=2)])
def test_while_the_rest_of_a_broken_stream_is_asked_for(house, client, second):
    house.fake.recipes(Recipe(text=SAID, cut_after_tokens=4, times=1), second)
    leaving = Leaving(house, client, "openai", stream=True)
    leaving.wanted = lambda: len(house.fake.calls) == 2
    record = leaving.run()
    assert gone(house, record, ["failed", "client_gone"])
    assert house.fake.calls[1].cancelled
    assert all(attempt["tokens"] > 0 for attempt in record["attempts"])


def test_while_it_stands_in_line(house):
    house.fake.recipes(Recipe(silence_s=30))
    leaving = Leaving(house, "openai", "narrow", stream=False)
    body = {"model": "narrow", "messages": [{"role": "user", "content": "first in line"}]}
    leaving.run(first=body)
    house.fake.expect(1)
    assert house.at_rest()


def test_while_its_history_is_summed_up(house):
    house.fake.recipes(Recipe(error_code="context_length_exceeded", times=1), Recipe(silence_s=30))
    history = [{"role": ("user", "assistant")[n % 2], "content": f"turn {n} " + "word " * 20} for n in range(7)]
    leaving = Leaving(house, "openai", "keyed", stream=True, feature="short", messages=history)
    leaving.wanted = lambda: len(house.fake.calls) == 2
    assert gone(house, leaving.run(), ["failed", "client_gone"])
    assert house.fake.calls[1].cancelled


def test_while_a_model_that_rests_is_waited_for(house):
    house.fake.recipes(Recipe(status=429, retry_after="8"))
    house.run(house.gateway._outbound.close())
    leaving = Leaving(house, "openai", "openai", stream=True)
    leaving.wanted = lambda: len(house.fake.calls) == 1
    leaving.run()
    house.fake.forget()
    again = Leaving(house, "openai", "openai", stream=True)
    assert gone(house, again.run(), [])
    house.fake.expect(0)


def test_as_the_probe_of_a_model_that_may_be_back(house):
    """The next call may probe at once: the one that left says nothing about the model."""
    health, lane = house.gateway._standings.health, Lane("oai", "my-oai", 0)
    health.denied(health.admit(lane), whole_key=False)
    rest = health._rests.at(lane)
    health._rests.write(lane, msgspec.structs.replace(rest.entry, lasts_s=0.0))  # five minutes later
    house.fake.recipes(Recipe(silence_s=30))
    leaving = Leaving(house, "openai", "openai", stream=True)
    leaving.wanted = lambda: len(house.fake.calls) == 1
    assert gone(house, leaving.run(), ["client_gone"])
    house.fake.recipes()
    assert house.chat("openai", "openai", feature="kept").status == 200
    assert health.states() == []
