"""The fake as a server: which recipe a call gets, what is remembered, how it is controlled, how it dies."""

import asyncio
import json
import random
from typing import Any

import pytest
import uvloop

from headworks.testing import FakeClock, FakeProvider, Recipe, UnknownRecipeError

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
PATH = "/v1/chat/completions"


async def statuses(fake: FakeProvider, ask: Any, count: int, **body: Any) -> list[int]:
    return [(await ask(fake, PATH, CHAT | body)).status for _ in range(count)]


async def test_a_script_is_answered_in_turn_then_all_is_well(fake: FakeProvider, ask: Any) -> None:
    fake.script([Recipe(status=500), "rate-limited", Recipe(status=503, times=2)])
    assert await statuses(fake, ask, 6) == [500, 429, 503, 503, 200, 200]


async def test_standing_recipes_apply_until_they_are_used_up(fake: FakeProvider, ask: Any) -> None:
    fake.recipes(Recipe(status=500, times=2), Recipe(status=503, times=1))
    assert await statuses(fake, ask, 4) == [500, 500, 503, 200]


async def test_probability_is_the_same_in_every_run_with_the_same_seed(ask: Any) -> None:
    runs = []
    for _ in range(2):
        async with FakeProvider([Recipe(status=500, probability=0.5)], rng=random.Random(7)) as fake:
            runs.append(await statuses(fake, ask, 12))
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


async def test_a_call_may_choose_its_recipe_by_header_or_by_model(fake: FakeProvider, ask: Any) -> None:
    fake.recipes("down")
    fake.name("mine", Recipe(status=418))
    assert (await ask(fake, PATH, CHAT, x_fake_recipe="good")).status == 200
    assert (await ask(fake, PATH, CHAT, x_fake_recipe='{"status": 404}')).status == 404
    assert (await ask(fake, PATH, CHAT | {"model": "fake/mine"})).status == 418
    assert (await ask(fake, PATH, CHAT)).status == 503


async def test_times_counts_for_recipes_that_calls_choose(fake: FakeProvider, ask: Any) -> None:
    fake.name("once", Recipe(status=500, times=1))
    assert await statuses(fake, ask, 3, model="fake/once") == [500, 200, 200]


async def test_an_unknown_recipe_is_a_400_that_lists_the_known_ones(fake: FakeProvider, ask: Any) -> None:
    for answer in (
        await ask(fake, PATH, CHAT | {"model": "fake/nope"}),
        await ask(fake, PATH, CHAT, x_fake_recipe="nope"),
    ):
        assert answer.status == 400
        assert "slow-loris" in answer.json["error"]["message"]
    assert (await ask(fake, PATH, CHAT, x_fake_recipe='{"statsu": 1}')).status == 400
    with pytest.raises(UnknownRecipeError):
        FakeProvider(["nope"])


async def test_calls_are_remembered_with_all_that_was_sent(ask: Any) -> None:
    async with FakeProvider(clock=FakeClock(now_s=1000.0)) as fake:
        answer = await ask(fake, f"{PATH}?a=b", CHAT, authorization="Bearer sk-1")
    (call,) = fake.expect(1)
    assert (call.method, call.path, call.query, call.json) == ("POST", PATH, "a=b", CHAT)
    assert (call.headers["authorization"], call.received_s) == ("Bearer sk-1", 1000.0)
    assert (call.status, call.ended, call.cancelled) == (200, True, False)
    assert call.bytes_sent > len(answer.body)
    assert answer.json["created"] == 1000


async def test_expect_lists_the_calls_when_there_were_others(fake: FakeProvider, ask: Any) -> None:
    await ask(fake, PATH, CHAT)
    with pytest.raises(AssertionError, match=r"Expected 0 provider calls, received 1:\n  POST /v1/chat"):
        fake.expect(0)
    fake.forget()
    assert fake.expect(0) == []


async def test_only_the_last_calls_are_kept(ask: Any) -> None:
    async with FakeProvider(keep_calls=2) as fake:
        for name in "abc":
            await ask(fake, PATH, CHAT | {"user": name})
    assert [call.json["user"] for call in fake.calls] == ["b", "c"]


async def test_until_gives_up_after_its_time(fake: FakeProvider) -> None:
    with pytest.raises(TimeoutError):
        await fake.until(lambda: False, within_s=0.01)


async def test_a_fake_in_another_process_is_controlled_over_http(fake: FakeProvider, ask: Any) -> None:
    order = {"script": [{"status": 500}, "mine"], "recipes": ["down"], "named": {"mine": {"status": 418}}}
    assert (await ask(fake, "/fake/recipes", order)).status == 200
    assert await statuses(fake, ask, 3) == [500, 418, 503]
    assert (await ask(fake, "/fake/recipes")).json["mine"] == {"status": 418}
    calls = (await ask(fake, "/fake/calls")).json
    assert [call["status"] for call in calls] == [500, 418, 503]
    assert json.loads(calls[0]["body"]) == CHAT
    fake.expect(3)
    for bad in ({"script": ["nope"]}, {"scirpt": []}, {"recipes": [{"status": 9}]}):
        assert (await ask(fake, "/fake/recipes", bad)).status == 400
    assert (await ask(fake, "/fake/other")).status == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (PATH, b"{not json"),
        (PATH, {"messages": []}),
        (PATH, {"model": "m"}),
        (PATH, {"model": "m", "messages": "hello"}),
        (PATH, [1, 2]),
        ("/v1/messages", {"model": "m", "messages": [{"role": "user", "content": "x"}]}),
        ("/v1beta/models/g:generateContent", {"prompt": "x"}),
        ("/v1/embeddings", {"model": "m"}),
    ],
)
async def test_a_bad_request_is_a_400_in_the_dialect(fake: FakeProvider, ask: Any, path: str, body: Any) -> None:
    answer = await ask(fake, path, body)
    assert answer.status == 400
    assert answer.json["error"]["message"].startswith("The request is not understood")


async def test_unknown_paths_are_404(fake: FakeProvider, ask: Any) -> None:
    for path in ("/v1/nothing", "/v1beta/models/g:dance"):
        assert (await ask(fake, path, {})).status == 404
    assert (await ask(fake, "/nothing")).status == 404


async def test_longer_prefixes_are_served(fake: FakeProvider, ask: Any) -> None:
    for path in ("/api/v1/chat/completions", "/openai/deployments/d/chat/completions"):
        assert (await ask(fake, path, CHAT)).json["object"] == "chat.completion"
    count = await ask(fake, "/anthropic/v1/messages/count_tokens", {"model": "m", "messages": []})
    assert list(count.json) == ["input_tokens"]


async def talk(fake: FakeProvider, data: bytes, replies: int) -> list[bytes]:
    """Send `data` on one connection and read so many answers with a length."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(fake.base_url.rpartition(":")[2]))
    writer.write(data)
    bodies = []
    for _ in range(replies):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        bodies.append(await reader.readexactly(length))
    writer.close()
    return bodies


def request(content: str, headers: str = "") -> bytes:
    body = json.dumps(CHAT | {"messages": [{"role": "user", "content": content}]}).encode()
    return f"POST {PATH} HTTP/1.1\r\n{headers}content-length: {len(body)}\r\n\r\n".encode() + body


async def test_pipelined_requests_are_answered_in_order_on_one_connection(fake: FakeProvider) -> None:
    slow = request("first", 'x-fake-recipe: {"silence_s": 0.02}\r\n')
    bodies = await talk(fake, slow + request("second") + request("third"), 3)
    said = [json.loads(body)["choices"][0]["message"]["content"].split()[1] for body in bodies]
    assert said == ["first", "second", "third"]


async def test_a_client_that_asks_whether_to_go_on_is_told_to(fake: FakeProvider) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(fake.base_url.rpartition(":")[2]))
    head, _, body = request("x", "expect: 100-continue\r\n").partition(b"\r\n\r\n")
    writer.write(head + b"\r\n\r\n")
    assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
    writer.write(body)
    assert (await reader.readuntil(b"}")).endswith(b"}")
    writer.close()


async def test_what_is_not_http_is_refused(fake: FakeProvider) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(fake.base_url.rpartition(":")[2]))
    writer.write(b"\x16\x03\x01 hello\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_a_slow_reader_holds_the_answer_back(fake: FakeProvider) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(fake.base_url.rpartition(":")[2]), limit=1024)
    fake.recipes(Recipe(text="word " * 40_000))
    body = json.dumps(CHAT | {"stream": True}).encode()
    writer.write(f"POST {PATH} HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    await fake.until(lambda: len(fake.calls) == 1)
    await reader.readuntil(b"\r\n\r\n")
    sent = -1
    while fake.calls[0].bytes_sent > sent:  # until it stands still
        sent = fake.calls[0].bytes_sent
        for _ in range(20):
            await asyncio.sleep(0)
    assert not fake.calls[0].ended
    writer.transport.abort()
    await fake.until(lambda: fake.calls[0].cancelled)


async def test_stopping_hangs_up_on_everyone(ask: Any) -> None:
    fake = FakeProvider(["silent"])
    await fake.start()
    waiting = asyncio.create_task(ask(fake, PATH, CHAT))
    await fake.until(lambda: len(fake.calls) == 1)
    await fake.stop()
    assert (await waiting).end == "cut"
    assert fake.open_connections == 0


def test_the_fake_runs_on_uvloop_too(ask: Any) -> None:
    async def main() -> list[str]:
        async with FakeProvider() as fake:
            return [(await ask(fake, PATH, CHAT | {"model": f"fake/{name}"})).end for name in ("good", "cut", "reset")]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(main()) == ["complete", "cut", "reset"]
