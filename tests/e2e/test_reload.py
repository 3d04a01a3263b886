"""A changed config takes effect without dropping a call; a wrong one is refused and the old one goes on."""

import asyncio
import signal

import openai
import pytest
from openai import AsyncOpenAI

from headworks.testing import Recipe

HELLO = [{"role": "user", "content": "Hello there"}]


@pytest.fixture
async def client(own_gateway):
    own_gateway.start()
    async with AsyncOpenAI(base_url=f"{own_gateway.url}/v1", api_key=own_gateway.key, max_retries=0) as made:
        yield made


async def names(client):
    """The models it lists."""
    return {model.id async for model in await client.models.list()}


async def listed(client, name, *, there=True):
    """Wait until `name` is, or is no longer, listed."""
    async with asyncio.timeout(5):
        while (name in await names(client)) is not there:  # noqa: ASYNC110  another process has no event for us
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("told", ["file", "signal"])
async def test_a_new_config_takes_effect_while_a_stream_runs(client, own_gateway, fake, told):
    fake.script([Recipe(tokens=40, tokens_per_second=20)])
    stream = aiter(await client.chat.completions.create(model="gpt", messages=HELLO, stream=True))
    await anext(stream)
    text = own_gateway.config.read_text(encoding="utf-8")
    changed = text.replace("  gpt: {provider: oai", "  newcomer: {provider: oai")
    assert changed != text
    own_gateway.config.write_text(changed.replace("model: gpt", "model: newcomer"), encoding="utf-8")
    if told == "signal":
        own_gateway.process.send_signal(signal.SIGHUP)
    await listed(client, "newcomer")
    assert "gpt" not in await names(client)
    finish = [chunk.choices[0].finish_reason async for chunk in stream if chunk.choices]
    assert finish[-1] == "stop"
    answer = await client.chat.completions.create(model="newcomer", messages=HELLO)
    assert answer.model == "newcomer"
    with pytest.raises(openai.NotFoundError):
        await client.chat.completions.create(model="gpt", messages=HELLO)


async def test_a_wrong_config_is_refused_and_the_old_one_goes_on(client, own_gateway, fake, eventually):
    text = own_gateway.config.read_text(encoding="utf-8")
    own_gateway.config.write_text(text.replace("models:", "modles:"), encoding="utf-8")
    await asyncio.to_thread(eventually, lambda: "config_refused" in own_gateway.log())
    assert "did you mean" in own_gateway.log()
    answer = await client.chat.completions.create(model="gpt", messages=HELLO)
    assert answer.model == "gpt"
    await asyncio.to_thread(own_gateway.config.write_text, text.replace("  claude:", "  sonnet:"), "utf-8")
    await listed(client, "sonnet")
    await listed(client, "claude", there=False)
