"""A game day on a running staging gateway: the fault strikes, streams survive it, and it ends by itself."""

import asyncio
import json
import sys
import urllib.error
import urllib.request

import pytest
from openai import OpenAI

from headworks.testing import Recipe

STAGING = "game_day: true\n"


def admin(gateway, method, path, body=None):
    """Ask the admin API."""
    asked = urllib.request.Request(
        f"{gateway.url}/admin/v1/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"authorization": f"Bearer {gateway.admin_key}"},
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.loads(answer.read())


def kept(gateway):
    """The config with a feature that outlasts the fault: there is one model, and each of its streams is cut."""
    text = gateway.config.read_text(encoding="utf-8")
    text = text.replace("  diary:", "  kept: {model: gpt, retry: {per_model: 20, calls: 60}}\n  diary:")
    gateway.config.write_text(STAGING + text, encoding="utf-8")
    return gateway.start()


def stream(gateway, seed):
    """The text of one streamed answer."""
    client = OpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0)
    chunks = client.chat.completions.create(
        model="gpt",
        messages=[{"role": "user", "content": f"Question {seed}"}],
        stream=True,
        extra_headers={"x-headworks-feature": "kept"},
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def test_streams_survive_a_fault_that_the_command_puts_in_and_that_ends_by_itself(own_gateway, fake):
    words = " ".join(f"word{number}" for number in range(60))
    fake.recipes(Recipe(text=words))
    gateway = kept(own_gateway)
    order = ["drill", "game-day", "cut-streams", "--provider", "oai", "--for", "3s"]
    running = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "headworks", *order, "--url", gateway.url, "--json"],
        env=gateway.environ | {"HEADWORKS_ADMIN_KEY": gateway.admin_key},
        stdout=asyncio.subprocess.PIPE,
    )
    begun = json.loads(await running.stdout.readline())["begun"]
    assert (begun["fault"], begun["provider"]) == ("cut-streams", "oai")
    texts = await asyncio.gather(*(asyncio.to_thread(stream, gateway, seed) for seed in range(8)))
    assert texts == [words] * 8
    await running.communicate()
    assert running.returncode == 0
    assert admin(gateway, "GET", "faults") == {"data": []}
    struck = len(fake.calls)
    assert struck > 8, "some streams were cut and gone on with"
    await asyncio.to_thread(stream, gateway, 9)
    fake.expect(struck + 1)


def test_a_gateway_that_is_not_for_staging_refuses_and_says_how(own_gateway):
    gateway = own_gateway.start()
    with pytest.raises(urllib.error.HTTPError) as refused:
        admin(gateway, "POST", "faults", {"fault": "down", "provider": "oai", "seconds": 5})
    assert refused.value.code == 403
    assert "game_day" in refused.value.read().decode()
