"""Which of a provider's keys is tried first: by turns, or always the same for one conversation."""

from collections import Counter

import msgspec
import pytest

from headworks.core.caching import Caching
from headworks.core.messages import Ask, Route
from headworks.core.policy import Patience
from headworks.core.prefix import Marks
from headworks.providers.pursuit.course import Course


class Known:
    """One conversation."""

    def __init__(self, affinity, place=0):
        self.affinity = affinity
        self.landings = []
        self._place = place

    def begin_at(self, route):
        return self._place

    def marks(self, target):
        return Marks()

    def landed(self, place, target):
        self.landings.append(place)


class Prefixes:
    """Gives the calls what is known of their prefixes, in turn."""

    def __init__(self, *known):
        self._known = list(known)

    def of(self, ask, route):
        return self._known.pop(0) if self._known else None


@pytest.fixture
def knowing(bench):
    """A bench whose calls have these prefixes, in turn."""

    def made(*known, keys=4, route=("one",)):
        desk = bench(*route, providers=dict.fromkeys(route, (keys, 100, 100)))
        desk.tools = msgspec.structs.replace(desk.tools, prefixes=Prefixes(*known))
        return desk

    return made


def key(desk, course=None):
    choice = desk.chosen(course or desk.course())
    desk.leave(choice)
    return choice.admission.lane.key


def test_a_conversation_is_always_asked_over_one_key(knowing):
    desk = knowing(*[Known(12345) for _ in range(10)])
    assert len({key(desk) for _ in range(10)}) == 1


def test_calls_without_a_prefix_take_the_keys_in_turn(knowing):
    desk = knowing()
    assert [key(desk) for _ in range(8)] == [0, 1, 2, 3, 0, 1, 2, 3]


def test_conversations_are_spread_over_all_keys(knowing):
    desk = knowing(*[Known(number * 2**40 + 17) for number in range(2_000)])
    found = Counter(key(desk) for _ in range(2_000))
    assert set(found) == {0, 1, 2, 3}
    assert min(found.values()) > 400


def test_when_a_key_is_added_only_those_move_that_go_to_it(knowing):
    numbers = [number * 2**40 + 17 for number in range(300)]
    before, after = knowing(*map(Known, numbers)), knowing(*map(Known, numbers), keys=5)
    moves = [(key(before), key(after)) for _ in numbers]
    assert {new for old, new in moves if new != old} == {4}
    assert 30 < sum(new == 4 for _, new in moves) < 90


def test_when_its_key_is_dead_a_conversation_takes_the_next_of_its_own_order(knowing, failure):
    known = [Known(number * 2**40 + 17) for number in range(400)]
    desk = knowing(*known, known[0], *known)
    homes = [key(desk) for _ in known]
    desk.fail(desk.course(), failure("denied"))
    moved = [(home, key(desk)) for home in homes]
    dead = homes[0]
    assert all(home == now for home, now in moved if home != dead)
    assert {now for home, now in moved if home == dead} == {0, 1, 2, 3} - {dead}


def test_a_conversation_that_a_fallback_holds_begins_there(knowing):
    desk = knowing(Known(1, place=1), Known(1, place=0), route=("one", "two"))
    assert desk.course().choose().place == 1
    assert desk.course().choose().place == 0


def test_and_falls_back_to_the_first_when_that_is_down(knowing):
    desk = knowing(*[None] * 50, Known(1, place=1), route=("one", "two"))
    desk.break_down(1)
    while (known := desk.tools.prefixes._known) and known[0] is None:
        known.pop(0)
    assert desk.course().choose().place == 0


def test_a_feature_that_wants_no_prefixes_has_none(knowing):
    desk = knowing(Known(1, place=1), route=("one", "two"))
    off = Route(feature="f", query_type="q", targets=desk.targets, caching=Caching(prefix=False))
    ask = Ask(trace_id="0" * 32, dialect="openai", kind="chat", model="m", fields={}, read_prompt=lambda: None)
    assert Course(desk.tools, ask, off, Patience()).choose().place == 0
    assert desk.course().choose().place == 1
