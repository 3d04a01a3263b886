"""A changed config is in force at once, without dropping a call; a bad one changes nothing."""

import asyncio
import json
import os
import signal

import openai
import pytest
from tests.e2e.conftest import CONFIG, Gateway

from headworks.testing import Recipe

HELLO = [{"role": "user", "content": "Hello there"}]
NEW_MODEL = "  fresh: {provider: ant, model: claude-haiku-4-5}\nfeatures:"
WITHIN_S = 2


@pytest.fixture(scope="module")
def reloading(tmp_path_factory, fake_port):
    """The gateway of this module."""
    started = Gateway(tmp_path_factory.mktemp("reloading"), CONFIG.format(port=fake_port)).start()
    yield started
    started.stop()


@pytest.fixture
def serving(reloading, fake_port, eventually):
    """The same with its first config in force, and an empty log."""
    reloading.config.write_text(CONFIG.format(port=fake_port), encoding="utf-8")
    (reloading.folder / "gateway.log").write_bytes(b"")
    reloading.process.send_signal(signal.SIGHUP)
    eventually(lambda: events(reloading, "config_reloaded"))
    (reloading.folder / "gateway.log").write_bytes(b"")
    return reloading


@pytest.fixture
async def client(serving):
    async with openai.AsyncOpenAI(base_url=f"{serving.url}/v1", api_key=serving.key, max_retries=0) as made:
        yield made


def replace(gateway, text):
    """Write a config as editors do: a new file in the old one's place."""
    beside = gateway.config.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(gateway.config)


def events(gateway, name):
    """What was logged as `name`."""
    lines = [json.loads(line) for line in gateway.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("event") == name]


async def names(client):
    """The models served now."""
    return {model.id async for model in await client.models.list()}


async def until_served(client, wanted, within_s=WITHIN_S):
    """Wait until the models served are as `wanted` says."""
    async with asyncio.timeout(within_s):
        while not wanted(await names(client)):
            pass  # each look is a request: the pause is the answer's


@pytest.mark.parametrize("way", ["replaced", "written in place"])
async def test_a_new_model_is_served_soon_after_the_file_changed(serving, client, fake, way):
    text = serving.config.read_text(encoding="utf-8").replace("features:", NEW_MODEL)
    replace(serving, text) if way == "replaced" else serving.config.write_text(text, encoding="utf-8")
    await until_served(client, lambda served: "fresh" in served)
    fake.script([Recipe(text="new here")])
    answer = await client.chat.completions.create(model="fresh", messages=HELLO)
    assert (answer.model, answer.choices[0].message.content) == ("fresh", "new here")
    assert len(events(serving, "config_reloaded")) == 1


async def test_sighup_reloads_at_once(serving, client, fake):
    stamp = serving.config.stat()
    serving.config.write_text(serving.config.read_text().replace("gemini:", "gimini:"), encoding="utf-8")
    os.utime(serving.config, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # same time, same size: only the signal tells
    serving.process.send_signal(signal.SIGHUP)
    await until_served(client, lambda served: "gimini" in served)


async def test_a_running_stream_is_not_dropped_when_its_model_goes(serving, client, fake):
    fake.script([Recipe(tokens=60, tokens_per_second=60)])
    stream = await client.chat.completions.create(model="gpt", messages=HELLO, stream=True)
    first = await anext(stream)
    text = serving.config.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("  gpt:")]
    serving.config.write_text("\n".join(kept).replace("model: gpt", "model: claude"), encoding="utf-8")
    serving.process.send_signal(signal.SIGHUP)
    await until_served(client, lambda served: "gpt" not in served)
    with pytest.raises(openai.NotFoundError, match="gpt"):
        await client.chat.completions.create(model="gpt", messages=HELLO)
    assert not fake.calls[0].ended, "the stream is still running"
    chunks = [first, *[chunk async for chunk in stream]]
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert len([chunk for chunk in chunks if chunk.choices[0].delta.content]) == 60


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("features:", "featurs:", "features"),
        ("provider: ant", "provider: nobody", "nobody"),
        ("models:", "models: [", "YAML"),
        ("sk-provider-secret-oai", '"${NOT_SET_ANYWHERE}"', "NOT_SET_ANYWHERE"),
    ],
)
async def test_a_bad_config_is_refused_with_its_place_and_the_old_one_goes_on(
    serving, client, fake, eventually, old, new, said
):
    before = await names(client)
    text = serving.config.read_text(encoding="utf-8")
    serving.config.write_text(text.replace(old, new), encoding="utf-8")
    serving.process.send_signal(signal.SIGHUP)
    (refused,) = await asyncio.to_thread(eventually, lambda: events(serving, "config_refused"))
    assert f"{serving.config}:" in refused["problems"][0]
    assert any(said in problem for problem in refused["problems"])
    assert "sk-provider-secret" not in serving.log()
    assert await names(client) == before
    assert (await client.chat.completions.create(model="claude", messages=HELLO)).model == "claude"
    serving.config.write_text(text.replace("features:", NEW_MODEL), encoding="utf-8")
    serving.process.send_signal(signal.SIGHUP)
    await until_served(client, lambda served: "fresh" in served)


async def test_a_file_that_is_away_for_a_moment_changes_nothing(serving, client, fake, eventually):
    text = serving.config.read_text(encoding="utf-8")
    serving.config.unlink()
    serving.process.send_signal(signal.SIGHUP)
    await asyncio.to_thread(eventually, lambda: events(serving, "config_refused"))
    assert "gpt" in await names(client)
    replace(serving, text.replace("features:", NEW_MODEL))
    await until_served(client, lambda served: "fresh" in served, within_s=3)


async def test_a_new_provider_key_is_used_by_the_next_call(serving, client, fake):
    text = serving.config.read_text(encoding="utf-8").replace("features:", NEW_MODEL)
    serving.config.write_text(text.replace("sk-provider-secret-oai", "sk-provider-secret-new"), encoding="utf-8")
    serving.process.send_signal(signal.SIGHUP)
    await until_served(client, lambda served: "fresh" in served)
    await client.chat.completions.create(model="gpt", messages=HELLO)
    (call,) = fake.expect(1)
    assert call.headers["authorization"] == "Bearer sk-provider-secret-new"
    assert "sk-provider-secret" not in serving.log()
