"""Where faults strike, for any answer and any recipe; the smallest values of schemas; the fake clock."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.testing import SHIPPED, FakeClock, Recipe, read_recipe
from headworks.testing.answer import echo, split
from headworks.testing.delivery import End, Wait, in_frames, plan
from headworks.testing.schema import minimal
from headworks.testing.wire.openai import CHAT
from headworks.testing.wire.parts import Frame

FRAMES = st.lists(st.builds(Frame, st.binary(min_size=1, max_size=9), st.integers(0, 3)), max_size=12)
AFTER = st.integers(0, 20)


def total(frames: list[Frame]) -> int:
    return sum(frame.tokens for frame in frames)


def sent(steps: list[Any]) -> bytes:
    return b"".join(step for step in steps if isinstance(step, bytes))


@given(FRAMES, AFTER)
def test_a_stall_changes_nothing_but_time(frames: list[Frame], after: int) -> None:
    steps = list(plan(frames, Recipe(stall_after_tokens=after, stall_s=9), CHAT, total(frames)))
    assert sent(steps) == b"".join(frame.data for frame in frames)
    assert [step for step in steps if isinstance(step, Wait)] == [Wait(9)]
    assert steps[-1] is End.DONE


@given(FRAMES, AFTER)
def test_a_cut_answer_is_the_beginning_of_the_answer(frames: list[Frame], after: int) -> None:
    steps = list(plan(frames, Recipe(cut_after_tokens=after), CHAT, total(frames)))
    assert b"".join(frame.data for frame in frames).startswith(sent(steps))
    assert [step for step in steps if isinstance(step, End)] == [End.CUT]


@given(FRAMES, AFTER)
def test_every_malformed_event_is_sent_once(frames: list[Frame], after: int) -> None:
    steps = list(plan(frames, Recipe(malformed_after_tokens=after), CHAT, total(frames)))
    assert steps.count(CHAT.malformed) == 1
    assert len(sent(steps)) == sum(len(frame.data) for frame in frames) + len(CHAT.malformed)


@given(FRAMES)
def test_the_pace_covers_every_token(frames: list[Frame]) -> None:
    waits = [s.seconds for s in plan(frames, Recipe(tokens_per_second=10), CHAT, total(frames)) if isinstance(s, Wait)]
    assert sum(waits) == pytest.approx(total(frames) / 10)


@given(st.binary(max_size=200), st.integers(0, 50))
def test_a_body_in_frames_is_the_body(body: bytes, tokens: int) -> None:
    frames = in_frames(body, tokens)
    assert b"".join(frame.data for frame in frames) == body
    assert total(frames) == max(1, tokens)


@given(st.text())
def test_tokens_join_to_the_text(text: str) -> None:
    assert "".join(split(text)) == text


@given(st.text(), st.integers(0, 40))
def test_an_echo_has_as_many_tokens_as_asked(said: str, tokens: int) -> None:
    assert len(echo(said, tokens)) == tokens


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_shipped_recipes_survive_json(name: str) -> None:
    recipe = SHIPPED[name]
    assert read_recipe(msgspec.json.encode(recipe).decode()) == read_recipe(name) == recipe


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({}, {}),
        ({"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "minLength": 3}}}, {"a": "aaa"}),
        ({"type": "object", "required": ["unknown"]}, {"unknown": {}}),
        ({"type": "integer", "minimum": 2.5}, 3),
        ({"type": "number", "exclusiveMinimum": 2}, 3),
        ({"type": "integer", "maximum": -4}, -4),
        ({"type": "integer", "exclusiveMaximum": 0}, -1),
        ({"type": "number"}, 0),
        ({"type": "boolean"}, False),
        ({"type": ["null", "string"]}, None),
        ({"type": "ARRAY", "minItems": 2, "items": {"type": "STRING"}}, ["a", "a"]),
        ({"enum": ["x", "y"]}, "x"),
        ({"const": 5}, 5),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "a"),
        ({"$ref": "#/$defs/p", "$defs": {"p": {"required": ["q"], "properties": {"q": {"const": 1}}}}}, {"q": 1}),
        ({"$ref": "#/$defs/missing"}, {}),
    ],
)
def test_the_smallest_value_of_a_schema(schema: dict[str, Any], value: Any) -> None:
    assert minimal(schema) == value


def test_a_schema_that_refers_to_itself_ends() -> None:
    assert minimal({"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}}) is not None


def test_the_fake_clock_moves_when_told() -> None:
    clock = FakeClock(now_s=100.0)
    clock.advance(2.5)
    clock.jump(-50)
    assert (clock.now(), clock.monotonic()) == (52.5, 2.5)
    with pytest.raises(ValueError, match="cannot advance"):
        clock.advance(-1)


def test_the_reference_names_every_field_and_every_shipped_recipe() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "fake-provider.md").read_text(encoding="utf-8")
    assert [name for name in (*Recipe.__struct_fields__, *SHIPPED) if f"`{name}`" not in page] == []
