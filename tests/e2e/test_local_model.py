"""The real small model in its real process: it starts once, streams, counts, heals, and never outlives its gateway."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, AuthenticationError
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from headworks.core.clock import SystemClock
from headworks.core.errors import ProviderError
from headworks.providers.local.config import LocalSettings
from headworks.providers.local.model import LocalModel

QUESTION: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "What is the capital of France?"},
]


class HandClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
async def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def model(clock: HandClock) -> AsyncIterator[LocalModel]:
    local = LocalModel(LocalSettings(), clock)
    yield local
    await local.stop()


@asynccontextmanager
async def client_of(local: LocalModel) -> AsyncIterator[AsyncOpenAI]:
    """The official SDK, pointed at the model's own server as the gateway would be."""
    async with AsyncOpenAI(base_url=await local.base_url(), api_key=local.key, max_retries=0) as client:
        yield client


async def answer(local: LocalModel) -> ChatCompletion:
    async with client_of(local) as client:
        return await client.chat.completions.create(model="local", messages=QUESTION, max_tokens=12, temperature=0)


def gone(pid: int) -> bool:
    """Whether no such process runs (one that ended and waits to be reaped counts as gone)."""
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while not gone(pid):  # noqa: ASYNC110  the end of somebody else's child sends no event
            await asyncio.sleep(0.02)


def pid_of(local: LocalModel) -> int:
    assert local._current is not None
    return local._current.pid


async def test_it_answers_and_counts(model: LocalModel) -> None:
    completion = await answer(model)
    usage = completion.usage
    assert "Paris" in (completion.choices[0].message.content or "")
    assert completion.model.startswith("SmolLM2")
    assert usage is not None
    assert usage.prompt_tokens > 20
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


async def test_it_streams_token_by_token(model: LocalModel) -> None:
    async with client_of(model) as client:
        stream = await client.chat.completions.create(
            model="local", messages=QUESTION, temperature=0, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    text = [piece for piece in pieces if piece]
    assert "Paris" in "".join(text)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens - 1 <= len(text) <= chunks[-1].usage.completion_tokens


async def test_nobody_else_on_the_machine_may_use_it(model: LocalModel) -> None:
    async with AsyncOpenAI(base_url=await model.base_url(), api_key="guess", max_retries=0) as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.chat.completions.create(model="local", messages=QUESTION)


async def test_concurrent_first_calls_start_it_once_and_a_caller_who_leaves_does_not_stop_the_start(
    model: LocalModel,
) -> None:
    first, *others = [asyncio.create_task(model.base_url()) for _ in range(4)]
    await asyncio.sleep(0)
    first.cancel()
    assert len(set(await asyncio.gather(*others))) == 1


async def test_it_is_started_again_when_it_died(model: LocalModel) -> None:
    await model.base_url()
    assert model._current is not None
    dead = model._current.pid
    os.kill(dead, signal.SIGKILL)
    await model._current._child.wait()
    assert (await answer(model)).choices
    assert pid_of(model) != dead


async def test_an_idle_model_is_let_go_and_comes_back(model: LocalModel, clock: HandClock) -> None:
    await model.base_url()
    idle = pid_of(model)
    clock.seconds += LocalSettings().idle_s - 1
    assert not model.release_if_idle()
    clock.seconds += 1
    assert model.release_if_idle()
    await until_gone(idle)
    assert (await answer(model)).choices


async def test_a_model_that_is_let_go_finishes_its_answer(model: LocalModel, clock: HandClock) -> None:
    async with client_of(model) as client:
        stream = await client.chat.completions.create(
            model="local", messages=QUESTION, max_tokens=60, stream=True, extra_body={"ignore_eos": True}
        )
        await anext(stream)
        pid = pid_of(model)
        clock.seconds += LocalSettings().idle_s
        assert model.release_if_idle()
        *_, last = [chunk async for chunk in stream]
    assert last.choices[0].finish_reason == "length"
    await until_gone(pid)


async def test_a_broken_file_is_an_error_that_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"not a model")
    local = LocalModel(LocalSettings(model_path=str(broken)), SystemClock())
    with pytest.raises(ProviderError, match="broken does not load"):
        await local.base_url()
    await local.stop()


async def test_a_model_that_takes_too_long_is_given_up_and_its_process_ended() -> None:
    local = LocalModel(LocalSettings(start_timeout_s=0.001), SystemClock())
    with pytest.raises(ProviderError) as caught:
        await local.base_url()
    assert caught.value.code == "provider_timeout"
    await local.stop()


async def test_it_dies_with_a_gateway_that_is_killed() -> None:
    program = (
        "import asyncio\n"
        "from headworks.core.clock import SystemClock\n"
        "from headworks.providers.local.config import LocalSettings\n"
        "from headworks.providers.local.model import LocalModel\n"
        "async def main():\n"
        "    local = LocalModel(LocalSettings(), SystemClock())\n"
        "    await local.base_url()\n"
        "    print(local._current.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    gateway = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE)
    assert gateway.stdout is not None
    model_pid = int(await gateway.stdout.readline())
    assert not gone(model_pid)
    gateway.kill()
    await gateway.wait()
    await until_gone(model_pid)


@pytest.fixture
def local_gateway(own_gateway: Any) -> Any:
    """A gateway whose only provider is the local model."""
    own_gateway.config.write_text("server: {port: 0}\nproviders: {local: {catalog: local}}\n", encoding="utf-8")
    return own_gateway.start()


async def test_the_gateway_serves_it_as_an_ordinary_provider(local_gateway: Any) -> None:
    async with AsyncOpenAI(base_url=f"{local_gateway.url}/v1", api_key=local_gateway.key, max_retries=0) as client:
        completion = await client.chat.completions.create(model="auto", messages=QUESTION, max_tokens=12, temperature=0)
        stream = await client.chat.completions.create(
            model="auto", messages=QUESTION, max_tokens=12, temperature=0, stream=True
        )
        pieces = [chunk.choices[0].delta.content async for chunk in stream if chunk.choices]
    assert "Paris" in (completion.choices[0].message.content or "")
    assert completion.model == "auto"
    assert len([piece for piece in pieces if piece]) > 3
