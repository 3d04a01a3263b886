"""The official SDKs with long prompts, over a provider that keeps what it is told to keep."""

from itertools import pairwise

import anthropic
import openai
import pytest

SYSTEM = "You are a helper of few words. " * 700
"""Longer than the 4,096 tokens below which this model's provider keeps nothing."""


@pytest.fixture
def keeping(fake):
    fake.keep_prefixes(4_096)
    yield fake
    fake.keep_no_prefixes()


async def test_a_conversation_of_the_anthropic_sdk_is_read_from_the_providers_cache(gateway, keeping):
    said, usages = [{"role": "user", "content": "Hello"}], []
    async with anthropic.AsyncAnthropic(base_url=gateway.url, api_key=gateway.key, max_retries=0) as client:
        for number in range(4):
            answer = await client.messages.create(model="claude", max_tokens=50, system=SYSTEM, messages=said)
            usages.append(answer.usage)
            said += [{"role": "assistant", "content": answer.content}, {"role": "user", "content": f"And {number}?"}]
    assert usages[1].cache_creation_input_tokens > 4_096
    for before, after in pairwise(usages[1:]):
        assert after.cache_read_input_tokens == before.cache_read_input_tokens + before.cache_creation_input_tokens
        assert 0 < after.cache_creation_input_tokens < 100


async def test_a_prompt_of_the_openai_sdk_is_marked_for_a_provider_of_the_other_dialect(gateway, keeping):
    cached = []
    async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0) as client:
        for number in range(3):
            messages = [
                {"role": "system", "content": f"Be kind. {SYSTEM}"},
                {"role": "user", "content": f"Say {number}"},
            ]
            stream = await client.chat.completions.create(
                model="claude", messages=messages, stream=True, stream_options={"include_usage": True}
            )
            told = [chunk.usage async for chunk in stream if chunk.usage is not None]
            cached.append(told[-1].prompt_tokens_details.cached_tokens)
    assert cached[:2] == [0, 0]
    assert cached[2] > 4_096
    last = keeping.calls[-1].json
    assert last["system"][-1]["cache_control"] == {"type": "ephemeral"}
