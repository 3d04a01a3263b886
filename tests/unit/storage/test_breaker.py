"""When a server is left alone, and how often it is looked at then."""

from headworks.storage.link.breaker import Breaker, Pauses


def test_it_opens_after_three_failures_in_a_row() -> None:
    breaker = Breaker(3)
    assert [breaker.failed(breaker.turn) for _ in range(3)] == [False, False, True]


def test_an_answer_ends_the_row() -> None:
    breaker = Breaker(3)
    for _ in range(10):
        assert not breaker.failed(breaker.turn)
        assert not breaker.failed(breaker.turn)
        breaker.answered()


def test_questions_under_way_together_fail_once() -> None:
    breaker = Breaker(3)
    for expected in (False, False, True):
        turns = [breaker.turn] * 50
        assert [breaker.failed(turn) for turn in turns] == [expected] + [False] * 49


def test_pauses_double_up_to_the_longest_and_are_short_again_after_a_steady_time() -> None:
    pauses = Pauses(0.1, 0.5)
    assert [pauses.next_s() for _ in range(4)] == [0.1, 0.2, 0.4, 0.5]
    pauses.up(100.0)
    pauses.lost(110.0)
    assert pauses.next_s() == 0.5
    pauses.up(120.0)
    pauses.lost(150.0)
    assert pauses.next_s() == 0.1
