"""Conversations without their middle: what stays, what goes, and in what order."""

import json

from headworks.dialects.protocols import Turn
from headworks.providers.context.trimming import MEDIUM_WEIGHT, most_to_drop, trimmed, weight


def turn(role, text, calls=(), results=()):
    return Turn(role, json.dumps({"role": role, "content": text}).encode(), tuple(calls), tuple(results))


def user(text="question"):
    return turn("user", text)


def assistant(text="answer", calls=()):
    return turn("assistant", text, calls=calls)


def result(*ids, role="tool"):
    return turn(role, "result", results=ids)


SYSTEM = turn("system", "Be brief.")
LONG = "x y " * 500


def kept(turns, drop):
    trim = trimmed(turns, drop)
    return None if trim is None else [turns.index(turn) for turn in trim.kept]


def chat(*exchanges):
    """System, then exchanges that differ in their texts."""
    turns = [SYSTEM]
    for number, size in enumerate(exchanges):
        turns += [user(f"question {number} " + "w " * size), assistant(f"answer {number}")]
    return [*turns, user("last question")]


def test_the_oldest_exchange_after_the_first_goes_first():
    turns = chat(1, 50, 50, 50)
    assert kept(turns, 1) == [0, 1, 2, 5, 6, 7, 8, 9]


def test_exchanges_go_until_enough_is_gone():
    turns = chat(1, 50, 50, 50)
    assert kept(turns, weight(turns[3].raw) + weight(turns[4].raw)) == [0, 1, 2, 5, 6, 7, 8, 9]
    assert kept(turns, 250) == [0, 1, 2, 7, 8, 9]
    assert kept(turns, 400) == [0, 1, 2, 9]


def test_the_first_exchange_goes_when_nothing_else_is_enough():
    turns = chat(1, 50, 50, 50)
    assert kept(turns, most_to_drop(turns)) == [0, 9]
    assert kept(turns, 10**9) == [0, 9]


def test_a_heavy_first_exchange_goes_before_the_others():
    turns = chat(500, 50, 50)
    assert kept(turns, 1) == [0, 3, 4, 5, 6, 7]


def test_where_the_middle_was_is_told():
    turns = chat(1, 50, 50, 50)
    trim = trimmed(turns, 1)
    assert (trim.place, trim.dropped) == (3, turns[3:5])
    assert trim.weight == weight(turns[3].raw) + weight(turns[4].raw)


def test_nothing_to_leave_out_is_told():
    assert trimmed([], 1) is None
    assert trimmed([SYSTEM, user()], 1) is None
    assert trimmed([assistant("Hello!"), user()], 1) is None
    assert trimmed([SYSTEM], 1) is None
    assert most_to_drop([SYSTEM, user(LONG)]) == 0


def test_the_last_exchange_stays_whole_with_all_its_tool_calls():
    turns = [user(), assistant(calls=["a"]), result("a"), assistant(calls=["b"]), result("b")]
    assert trimmed(turns, 1) is None
    assert kept([user(LONG), assistant(), *turns], 10**9) == [2, 3, 4, 5, 6]


def test_neighbouring_turns_of_the_user_are_one_question():
    turns = [user("old"), assistant(), user(LONG), user("What does it say?")]
    assert kept(turns, 10**9) == [2, 3]


def test_instructions_stay_where_they_are():
    developer = turn("developer", LONG)
    turns = [SYSTEM, user("one"), assistant("1"), developer, user("two"), assistant("2"), user("three")]
    assert kept(turns, 10**9) == [0, 3, 6]
    trim = trimmed(turns, 10**9)
    assert trim.place == 1


def test_an_instruction_between_two_turns_of_the_user_divides_no_question():
    turns = [user("old"), assistant(), user("part one"), turn("developer", "Now in French."), user("part two")]
    assert kept(turns, 10**9) == [2, 3, 4]


def test_a_call_stays_with_its_result_though_the_user_speaks_between():
    turns = [
        user("one"),
        assistant("1", calls=["a"]),
        user("wait"),
        result("a"),
        user("two"),
        assistant("2"),
        user("three"),
    ]
    assert kept(turns, 1) == [4, 5, 6]
    assert kept(turns[:4], 1) is None


def test_ids_that_are_used_again_belong_to_the_nearest_call():
    exchange = [user(), assistant("calls", calls=["call_0"]), result("call_0"), assistant()]
    turns = [Turn(t.role, t.raw + b" " * n, t.call_ids, t.result_ids) for n, t in enumerate(exchange * 3)]
    assert kept(turns, 10**9) == [8, 9, 10, 11]


def test_a_call_without_a_result_holds_nothing_up():
    turns = [user("one"), assistant(calls=["never"]), user("two"), assistant("2"), user("three")]
    assert kept(turns, 10**9) == [4]


def test_results_in_a_users_turn_are_no_question():
    turns = [user("one"), assistant(calls=["a"]), result("a", role="user"), assistant("1"), user("two")]
    assert kept(turns, 1) == [4]


def test_what_was_said_before_the_user_spoke_goes_with_the_first_exchange():
    turns = [assistant("Welcome! " + LONG), user("one"), assistant("1"), user("two"), assistant("2"), user("three")]
    assert kept(turns, 1) == [3, 4, 5]


def test_a_picture_weighs_what_it_is_worth_and_not_what_its_bytes_are():
    assert weight(b'{"data":"' + b"QUJD" * 500_000 + b'"}') == 11 + MEDIUM_WEIGHT
    assert weight(b'{"url":"data:image\\/png;base64,' + b"ab\\/d" * 10_000 + b'"}') < 2 * MEDIUM_WEIGHT
    assert weight(LONG.encode()) == len(LONG)
