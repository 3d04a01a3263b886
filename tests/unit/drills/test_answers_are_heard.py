"""Clients hear every answer as it is, however its bytes fall, and know what it is worth."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.drills.load.calling import Client, Outcome, judged
from headworks.drills.load.connection import Exchange, exchange
from headworks.drills.load.hearing import Heard, Hearing
from headworks.drills.load.pacing import run_load
from headworks.drills.load.questions import MARK, Question, questions, right_answer
from headworks.drills.scenario import Load
from headworks.testing import FakeProvider, Recipe

SIXTY = Recipe(tokens=60)
FACTS = b': headworks {"attempts":2,"provider":"spare"}\n\n'
SEAM = b': headworks-seam {"attempt":2}\n\n'
OPENAI = (
    b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
    b'data: {"choices":[{"delta":{"content":"Gr\xc3\xbc"}}]}\n\n'
    + SEAM
    + b'data: {"choices":[{"delta":{"content":"\xc3\x9fe"},"finish_reason":null}]}\n\n'
    b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
    b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}\n\n' + FACTS + b"data: [DONE]\n\n"
)
ANTHROPIC = (
    b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":7,"output_tokens":1}}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"Gr\xc3\xbc"}}\n\n'
    + SEAM
    + b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"\xc3\x9fe"}}\n\n'
    b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}\n\n'
    + FACTS
    + b'data: {"type":"message_stop"}\n\n'
)
RIGHT = Heard(
    text="Grüße", finish="stop", input_tokens=7, output_tokens=2, ended=True, seams=1,
    facts={"attempts": 2, "provider": "spare"},
)  # fmt: skip


NO = Heard(error_code="t", error_message="no", ended=True)


def heard(client: Any, stream: bool, *pieces: bytes) -> Heard:
    hearing = Hearing(client, stream=stream, spoke=lambda: None)
    for piece in pieces:
        hearing.take(piece)
    return hearing.whole(as_events=stream)


@pytest.mark.parametrize(("client", "data"), [("openai", OPENAI), ("anthropic", ANTHROPIC)])
@given(cuts=st.lists(st.integers(0, 700), max_size=6))
def test_a_stream_is_heard_the_same_however_it_is_cut(client: Any, data: bytes, cuts: list[int]) -> None:
    marks = pairwise([0, *sorted(cuts), len(data)])
    assert heard(client, True, *(data[start:end] for start, end in marks)) == RIGHT


def test_the_moment_of_the_first_words_is_told_once() -> None:
    spoken: list[int] = []
    hearing = Hearing("openai", stream=True, spoke=lambda: spoken.append(1))
    for event in OPENAI.split(b"\n\n"):
        hearing.take(event + b"\n\n")
    assert spoken == [1]


@pytest.mark.parametrize(
    ("client", "body", "expected"),
    [
        (
            "openai",
            b'{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}',
            Heard(text="hi", finish="stop", input_tokens=1, output_tokens=2, ended=True),
        ),
        (
            "anthropic",
            b'{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"max_tokens","usage":{"input_tokens":1,"output_tokens":2}}',
            Heard(text="hi", finish="length", input_tokens=1, output_tokens=2, ended=True),
        ),
        ("openai", b'{"error":{"message":"no","code":"t"}}', NO),
        ("anthropic", b'{"type":"error","error":{"type":"t","message":"no"}}', NO),
        ("openai", b"<h1>", Heard(error_code="unreadable", error_message="The body is not right.")),
        ("anthropic", b'{"type":"message"}', Heard(error_code="unreadable", error_message="The body is not right.")),
    ],
)  # fmt: skip
def test_bodies_and_errors_are_heard(client: Any, body: bytes, expected: Heard) -> None:
    assert heard(client, False, body) == expected


def test_an_error_within_a_stream_is_heard() -> None:
    said = b'event: error\ndata: {"type":"error","error":{"type":"api_error","code":"stream_interrupted"}}\n\n'
    assert heard("anthropic", True, said).error_code == "stream_interrupted"
    assert heard("openai", True, b'data: {"brok\n\n').error_code == "unreadable"


async def _exchange(status: int, *, complete: bool) -> Exchange:
    made = Exchange(b"", lambda _: None)
    made.status, made.complete = status, complete
    return made


@pytest.mark.parametrize(
    ("status", "complete", "said", "kind", "why"),
    [
        (200, True, RIGHT, "whole", ""),
        (200, True, Heard(text="Grüß", finish="stop", ended=True), "wrong", "from character 4 of 5: '' instead of 'e'"),
        (200, True, Heard(text="Größe", finish="stop", ended=True), "wrong", "from character 2 of 5: 'öße' instead"),
        (200, True, Heard(text="Grüße", ended=True), "wrong", "without a finish reason"),
        (200, True, Heard(text="Grüße", finish="stop"), "wrong", "without its end marker"),
        (200, True, Heard(text="Grüße", finish="length", ended=True), "wrong", "because of `length`"),
        (200, False, Heard(text="Gr"), "broken", "closed in the middle"),
        (0, False, Heard(), "broken", "closed in the middle"),
        (502, True, Heard(), "broken", "no error was told"),
        (200, True, Heard(error_code="unreadable", error_message="bad"), "broken", "bad"),
        (503, True, Heard(error_code="overloaded", error_message="later"), "error", "503 overloaded: later"),
        (200, False, Heard(text="Gr", error_code="stream_interrupted"), "error", "stream_interrupted"),
    ],
)  # fmt: skip
async def test_an_answer_is_worth_what_it_is(status: int, complete: bool, said: Heard, kind: str, why: str) -> None:
    found, told = judged(await _exchange(status, complete=complete), said, "Grüße")
    assert found == kind
    assert why in told


def test_a_load_takes_every_kind_and_every_text_in_turn() -> None:
    asked = list(questions(Load(calls=64, texts=("a b", "c d")), ("one", "two")))
    kinds = {(one.model, one.client, one.stream) for one in asked}
    assert len(kinds) == 8
    assert len({(one.model, one.client, one.stream, one.text.split(" ", 1)[1]) for one in asked}) == 16
    assert len({one.text for one in asked}) == 64
    body = msgspec.json.decode(asked[0].body())
    assert body["stream_options"] == {"include_usage": True}
    assert body["messages"] == [{"role": "user", "content": f"{MARK}0 a b"}]


def test_the_right_answer_is_what_the_fake_says() -> None:
    assert right_answer("a b", Recipe(tokens=4)) == "Echo: a b a"
    assert right_answer("a b", Recipe(text="Grüße, 世界!")) == "Grüße, 世界!"


async def ask(fake: FakeProvider, patience_s: float = 5.0, **load: Any) -> list[Outcome]:
    """Every call of a load, straight to a fake."""
    port = int(fake.base_url.rpartition(":")[2])
    client = Client(address=("127.0.0.1", port), headers={}, patience_s=patience_s)
    wanted = Load(**load)
    return await run_load(wanted, questions(wanted, ("m",)), client, SIXTY, lambda: None)


@pytest.mark.parametrize(
    ("recipe", "kinds"),
    [
        (SIXTY, {"whole"}),
        (Recipe(tokens=60, split_utf8=True), {"whole"}),
        (Recipe(tokens=60, usage="missing"), {"whole"}),
        (Recipe(tokens=60, cut_after_tokens=40), {"broken"}),
        (Recipe(tokens=60, reset_after_tokens=0), {"broken"}),
        (Recipe(hang_up=True), {"broken"}),
        (Recipe(status=503), {"error"}),
        (Recipe(tokens=60, error_after_tokens=9), {"error"}),
        (Recipe(tokens=60, malformed_after_tokens=9), {"broken"}),
        (Recipe(tokens=60, omit_finish=True), {"wrong"}),
        (Recipe(tokens=59), {"wrong"}),
    ],
    ids=str,
)
async def test_clients_tell_whole_answers_from_all_others(recipe: Recipe, kinds: set[str]) -> None:
    async with FakeProvider([recipe]) as fake:
        found = await ask(fake, calls=8, concurrency=4)
    assert {outcome.kind for outcome in found} == kinds
    assert [outcome.question.number for outcome in found] == list(range(8))


async def test_a_call_that_is_never_over_hangs() -> None:
    async with FakeProvider(["silent"]) as fake:
        (outcome,) = await ask(fake, patience_s=0.05, calls=1)
    assert (outcome.kind, outcome.why) == ("hung", "It was not over after 0.05 s.")


async def test_calls_at_a_rate_do_not_wait_for_those_before() -> None:
    async with FakeProvider([Recipe(tokens=60, silence_s=0.2, times=1), SIXTY]) as fake:
        found = await ask(fake, calls=4, rate_per_s=50)
    assert found[1].ended_s < found[0].ended_s


async def test_nobody_listening_is_a_broken_answer() -> None:
    fake = FakeProvider()
    await fake.start()
    await fake.stop()
    (outcome,) = await ask(fake, calls=1)
    assert (outcome.kind, outcome.status) == ("broken", 0)
    assert "did not listen" in outcome.why


async def test_other_machines_are_not_called() -> None:
    with pytest.raises(ValueError, match="only this machine"):
        await exchange(("192.0.2.1", 80), b"", lambda _: None)


def test_questions_know_where_they_are_asked() -> None:
    (one,) = questions(Load(calls=1, clients=("anthropic",), stream=(False,)), ("m",))
    assert isinstance(one, Question)
    assert one.path == "/v1/messages"
