"""The fake keeps the beginnings of prompts as real providers do, when it is told to."""

import asyncio
import json
import urllib.error
import urllib.request

import pytest

from headworks.testing import FakeClock, FakeProvider
from headworks.testing.wire.prefixes import Kept, Piece, PrefixCache

LONG = "word " * 2_000
MARK = {"type": "ephemeral"}


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def cache(clock):
    return PrefixCache(clock, 100)


def marked(text, life="5m"):
    return Piece(text * 10, life)


def test_what_is_marked_is_written_once_and_then_read(cache):
    prompt = [marked("x" * 100), Piece("a question")]
    assert cache.take("key", prompt) == Kept(0, 250, 0)
    assert cache.take("key", prompt) == Kept(250, 0, 0)
    assert cache.take("other", prompt) == Kept(0, 250, 0)


def test_each_use_keeps_it_anew_and_then_it_is_forgotten(cache, clock):
    prompt = [marked("x" * 100)]
    cache.take("key", prompt)
    for _ in range(3):
        clock.advance(299)
        assert cache.take("key", prompt).read == 250
    clock.advance(301)
    assert cache.take("key", prompt) == Kept(0, 250, 0)


def test_an_hour_is_written_as_such(cache, clock):
    prompt = [marked("x" * 100, "1h"), marked("y" * 100)]
    assert cache.take("key", prompt) == Kept(0, 251, 250)
    clock.advance(3_000)
    assert cache.take("key", prompt) == Kept(250, 251, 0)


def test_what_is_not_marked_or_too_short_is_neither_written_nor_read(cache):
    for prompt in ([Piece("x" * 1_000)], [marked("x" * 30)]):
        assert cache.take("key", prompt) == cache.take("key", prompt) == Kept()


def test_a_mark_that_moves_on_finds_what_was_kept_behind_it(cache):
    cache.take("key", [marked("x" * 100)])
    assert cache.take("key", [Piece("x" * 1_000), *[Piece("y")] * 18, marked("z")]).read == 250
    assert cache.take("key", [Piece("x" * 1_000), *[Piece("u")] * 20, marked("v")]).read == 0


async def asked(fake, path, body, **headers):
    data = json.dumps(body).encode()

    def ask():
        request = urllib.request.Request(fake.base_url + path, data, {"content-type": "application/json", **headers})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    return await asyncio.to_thread(ask)


async def test_each_dialect_tells_what_was_kept(clock):
    async with FakeProvider(clock=clock) as fake:
        fake.keep_prefixes()
        chat = {"model": "m", "messages": [{"role": "system", "content": LONG}, {"role": "user", "content": "Hi"}]}
        assert (await asked(fake, "/v1/chat/completions", chat))["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
        again = await asked(fake, "/v1/chat/completions", chat)
        assert again["usage"]["prompt_tokens_details"]["cached_tokens"] > 2_000
        message = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
        message["system"] = [{"type": "text", "text": LONG, "cache_control": MARK}]
        first = (await asked(fake, "/v1/messages", message))["usage"]
        second = (await asked(fake, "/v1/messages", message))["usage"]
        assert first["cache_creation_input_tokens"] == second["cache_read_input_tokens"] > 2_000
        generate = {"contents": [{"role": "user", "parts": [{"text": LONG}]}]}
        path = "/v1beta/models/m:generateContent"
        assert "cachedContentTokenCount" not in (await asked(fake, path, generate))["usageMetadata"]
        assert (await asked(fake, path, generate))["usageMetadata"]["cachedContentTokenCount"] > 2_000
        fake.keep_no_prefixes()
        assert (await asked(fake, "/v1/messages", message))["usage"]["cache_creation_input_tokens"] == 0


@pytest.mark.parametrize(
    "more",
    [
        {"system": [{"type": "text", "text": "a", "cache_control": MARK}] * 5},
        {"system": [{"type": "text", "text": " ", "cache_control": MARK}]},
        {
            "system": [
                {"type": "text", "text": "a", "cache_control": MARK},
                {"type": "text", "text": "a", "cache_control": MARK | {"ttl": "1h"}},
            ]
        },
    ],
)
async def test_marks_that_the_real_one_refuses_are_refused(more):
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]} | more
    async with FakeProvider() as fake:
        fake.keep_prefixes()
        with pytest.raises(urllib.error.HTTPError, match="400"):
            await asked(fake, "/v1/messages", body)
