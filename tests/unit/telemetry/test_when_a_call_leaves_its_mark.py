"""A call leaves its mark before its first provider call, or after a moment; what the cache answers at once has none."""

import pytest
from msgspec.structs import replace

from headworks.core.policy import Policy
from headworks.core.replies import TextDelta


def marks(folder):
    """Lines of calls that have begun, of all spool files."""
    lines = b"".join(path.read_bytes() for path in (folder / "spool").glob("*.jsonl")).splitlines()
    return [line for line in lines if line.startswith(b'{"status":"lost"')]


@pytest.fixture
def opened(recorder, clock, kit):
    return recorder.open(kit.ask(), kit.CALLER, clock.monotonic())


def test_a_call_that_is_answered_from_the_cache_leaves_no_mark(opened, kit, tmp_path):
    opened.routed(kit.ROUTE)
    opened.cached("hit-exact", age_s=1.0)
    opened.watch(kit.reply([TextDelta("hi")]))
    assert marks(tmp_path) == []
    opened.close()
    assert marks(tmp_path) == []


def test_a_provider_call_leaves_one_and_only_one(opened, clock, kit, tmp_path):
    opened.attempt(kit.TARGET, clock.monotonic())
    opened.attempt(kit.FALLBACK, clock.monotonic())
    assert len(marks(tmp_path)) == 1


def test_an_answer_that_another_call_pays_for_leaves_one(opened, kit, tmp_path):
    opened.cached("joined")
    opened.watch(kit.reply([TextDelta("hi")]))
    assert len(marks(tmp_path)) == 1


def test_calls_side_by_side_are_told_of_late_so_the_mark_comes_first(opened, kit, tmp_path):
    opened.routed(replace(kit.ROUTE, policy=Policy(hedge=True)))
    assert len(marks(tmp_path)) == 1


def test_whoever_waits_is_marked_at_the_next_turn(recorder, opened, clock, kit, tmp_path):
    stranger = recorder.open(kit.ask(), None, clock.monotonic())
    recorder._between_turns()
    recorder._between_turns()
    assert len(marks(tmp_path)) == 1
    opened.close()
    stranger.close()
