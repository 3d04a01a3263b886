"""Cached answers through the official SDKs: hits and joined calls, over workers, a kill and a restart."""

import asyncio
import signal
import urllib.request
from uuid import uuid4

import anthropic
import openai
import pytest

from headworks.testing import Recipe

SAID = "Paris — die Hauptstadt, 首都."


@pytest.fixture
def question():
    """One that nobody has asked before."""
    return [{"role": "user", "content": f"What is the capital of France? {uuid4()}"}]


def openai_client(gateway):
    return openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0)


def anthropic_client(gateway):
    return anthropic.AsyncAnthropic(base_url=gateway.url, api_key=gateway.key, max_retries=0)


async def by_openai(gateway, messages, **more):
    async with openai_client(gateway) as client:
        answer = await client.chat.completions.with_raw_response.create(
            model="feature/cached", messages=messages, max_tokens=50, **more
        )
        return answer.parse().choices[0].message.content, answer.headers["x-headworks-cache"]


async def streamed_by_openai(gateway, messages):
    async with openai_client(gateway) as client:
        stream = await client.chat.completions.create(
            model="feature/cached",
            messages=messages,
            max_tokens=50,
            stream=True,
            stream_options={"include_usage": True},
        )
        pieces = [piece async for piece in stream]
    words = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    (reason,) = [piece.choices[0].finish_reason for piece in pieces if piece.choices and piece.choices[0].finish_reason]
    return words, reason, pieces[-1].usage.completion_tokens


async def streamed_by_anthropic(gateway, messages):
    async with (
        anthropic_client(gateway) as client,
        client.messages.stream(model="feature/cached", messages=messages, max_tokens=50) as stream,
    ):
        message = await stream.get_final_message()
    return message.content[0].text, message.stop_reason, message.usage.output_tokens


async def test_one_answer_serves_both_sdks(gateway, fake, question):
    fake.recipes(Recipe(text=SAID))
    assert await by_openai(gateway, question) == (SAID, "miss")
    assert await by_openai(gateway, question) == (SAID, "hit-exact")
    words, reason, tokens = await streamed_by_openai(gateway, question)
    assert (words, reason) == (SAID, "stop")
    assert await streamed_by_anthropic(gateway, question) == (SAID, "end_turn", tokens)
    assert len(fake.calls) == 1


def read_all(asked):
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return answer.read().decode()


async def test_a_hit_is_kept_for_a_client_that_loses_its_connection(gateway, fake, question):
    fake.recipes(Recipe(text=SAID))
    await by_openai(gateway, question)
    async with openai_client(gateway) as client:
        raw = await client.chat.completions.with_raw_response.create(
            model="feature/cached", messages=question, max_tokens=50, stream=True
        )
        whole = [piece async for piece in raw.parse()]
    asked = urllib.request.Request(
        f"{gateway.url}/v1/streams/{raw.headers['x-request-id']}",
        headers={"authorization": f"Bearer {gateway.key}", "last-event-id": "0"},
    )
    again = await asyncio.to_thread(read_all, asked)
    assert len(whole) > 2
    assert SAID in again
    assert "[DONE]" in again


async def test_fifty_equal_streams_of_both_sdks_are_one_call(gateway, fake, question):
    fake.recipes(Recipe(text=SAID, silence_s=0.5))
    asked = [streamed_by_openai(gateway, question) for _ in range(25)]
    asked += [streamed_by_anthropic(gateway, question) for _ in range(25)]
    answers = await asyncio.gather(*asked)
    assert {answer[0] for answer in answers} == {SAID}
    assert len(fake.calls) == 1


async def test_what_was_answered_outlives_a_restart_and_a_kill(own_gateway, fake, question):
    fake.recipes(Recipe(text=SAID))
    own_gateway.start()
    assert await by_openai(own_gateway, question) == (SAID, "miss")
    own_gateway.stop()
    own_gateway.start()
    assert await by_openai(own_gateway, question) == (SAID, "hit-exact")
    own_gateway.stop(signal.SIGKILL)
    own_gateway.start()
    assert await by_openai(own_gateway, question) == (SAID, "hit-exact")
    assert len(fake.calls) == 1


async def test_workers_share_what_was_answered(own_gateway, fake, question):
    text = own_gateway.config.read_text(encoding="utf-8")
    own_gateway.config.write_text(text.replace("port: 0", "port: 0, workers: 2"), encoding="utf-8")
    fake.recipes(Recipe(text=SAID))
    own_gateway.start()
    await by_openai(own_gateway, question)
    await asyncio.sleep(0.6)  # a quarter of a second until it is handed to the disk
    kinds = [await by_openai(own_gateway, question) for _ in range(12)]  # a connection each: to either worker
    assert set(kinds) == {(SAID, "hit-exact")}
    assert own_gateway.stop() == 0
