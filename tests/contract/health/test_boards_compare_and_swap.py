"""A change is made by whoever saw the entry in force, by nobody else, and everybody can learn of it."""

from collections.abc import Callable

from msgspec.structs import replace

from headworks.providers.health import Board, Entry, Place

NewBoard = Callable[[], Board]
PLACE: Place = ("lab", "small", 0)
OPEN = Entry(state="open", lasts_s=1.5, strikes=3, proved=1, at_s=1e9, at_tick_s=12.25, since_s=9e8)
CLOSED = Entry()


def swapped(board: Board, place: Place, seen: int, entry: Entry) -> Entry:
    won, current = board.swap(place, seen, entry)
    assert won
    assert current is not None
    return current


def test_what_was_written_is_what_the_others_read(new_board: NewBoard) -> None:
    here, there = new_board(), new_board()
    assert there.changed(0) == []
    places: list[Place] = [PLACE, ("lab", None, 0), ("lab", "", 0), ("lab", "na\0me 模型 'x'", 1), ("l", "small", 0)]
    written = [(place, swapped(here, place, 0, OPEN)) for place in places]
    assert [replace(entry, number=0) for _, entry in written] == [OPEN] * 5
    assert sorted(there.changed(0), key=lambda pair: pair[1].number) == written
    last = written[-1][1].number
    assert there.changed(last) == here.changed(last) == []


def test_numbers_grow_with_every_change_of_any_place(new_board: NewBoard) -> None:
    here, there = new_board(), new_board()
    numbers = [swapped(board, ("lab", str(n), 0), 0, OPEN).number for n in range(10) for board in (here,)]
    numbers.append(swapped(there, ("lab", "3", 0), numbers[3], OPEN).number)
    assert numbers == sorted(set(numbers))
    assert numbers[0] > 0
    assert {place for place, _ in here.changed(numbers[8])} == {("lab", "9", 0), ("lab", "3", 0)}


def test_who_saw_another_entry_changes_nothing_and_is_told(new_board: NewBoard) -> None:
    here, there = new_board(), new_board()
    first = swapped(here, PLACE, 0, OPEN)
    assert there.swap(PLACE, 0, OPEN) == (False, first)
    assert there.swap(PLACE, first.number + 1, OPEN) == (False, first)
    second = swapped(there, PLACE, first.number, replace(first, claimed=True))
    assert second.claimed
    assert here.swap(PLACE, first.number, replace(first, claimed=True)) == (False, second)


def test_closed_is_as_if_nothing_was_there_but_others_hear_of_it(new_board: NewBoard) -> None:
    here, there = new_board(), new_board()
    first = swapped(here, PLACE, 0, OPEN)
    there.changed(0)
    swapped(here, PLACE, first.number, CLOSED)
    assert there.swap(PLACE, first.number, OPEN) == (False, None)
    assert [(place, entry.state) for place, entry in there.changed(first.number)] == [(PLACE, "closed")]
    assert swapped(there, PLACE, 0, OPEN).number > first.number


def test_who_made_a_change_can_be_told_of_it_too(new_board: NewBoard) -> None:
    board = new_board()
    assert board.changed(0) == []
    entry = swapped(board, PLACE, 0, OPEN)
    assert board.changed(0) == [(PLACE, entry)]
    assert board.changed(0) == [(PLACE, entry)]


def test_only_what_is_new_is_told(new_board: NewBoard) -> None:
    here, there = new_board(), new_board()
    known = swapped(here, PLACE, 0, OPEN).number
    there.changed(0)
    new = swapped(here, ("lab", None, 1), 0, OPEN)
    assert there.changed(known) == [(("lab", None, 1), new)]


def test_limits_go_first_when_there_are_too_many_entries(new_board: NewBoard) -> None:
    here, there = new_board(), new_board()
    swapped(here, PLACE, 0, OPEN)
    for number in range(1000):
        swapped(here, ("lab", f"made up {number}", 0), 0, Entry(state="limited", lasts_s=3600, at_s=1e9 + number))
    kept = dict(there.changed(0))
    assert 80 <= len(kept) <= 100
    assert PLACE in kept
    assert ("lab", "made up 999", 0) in kept
