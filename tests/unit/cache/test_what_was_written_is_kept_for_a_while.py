"""Copies of written answers: bounded, gone with their entry or an invalidation; entries are read once."""

import pytest

from headworks.cache import entries
from headworks.cache.copies import COPIES_BYTES, MOST_FORMS, Copies, Copy
from headworks.cache.entries import BrokenEntryError, Entry, Facets, forget_read, pack, unpack
from headworks.core.replies import Finished, TextDelta


def entry(number=0, words="hi"):
    return Entry(
        key=number.to_bytes(32),
        facets=Facets(),
        created_s=1.0,
        expires_s=2.0,
        model="m",
        provider="p",
        provider_model="pm",
        events=[TextDelta(words), Finished("stop")],
    )


def copy(size=10):
    return Copy(b"x" * size + b"MARK", {b"MARK": "id"})


def test_gaps_are_filled_in_every_place():
    made = Copy(b"MARKa<M2>bMARK", {b"MARK": "id", b"<M2>": "facts"})
    assert made.filled({"id": b"1", "facts": b"MARK"}) == b"1aMARKb1"
    assert Copy(b"none", {b"MARK": "id"}).filled({"id": b"1"}) == b"none"


def test_a_shelf_belongs_to_one_entry():
    copies, first = Copies(), entry()
    copies.of(first).put("json", copy(), 0)
    assert copies.of(first).get("json") is not None
    again = entry(words="another answer under the same key")
    assert copies.of(again).get("json") is None
    copies.forget()
    assert copies.bytes == 0
    assert copies.of(first).get("json") is None


def test_a_shelf_that_is_gone_counts_nothing():
    copies = Copies()
    shelf = copies.of(entry())
    copies.forget()
    shelf.put("json", copy(), 0)
    assert copies.bytes == 0


def test_copies_stay_under_their_limit_and_the_oldest_go():
    copies = Copies()
    for number in range(100):
        copies.of(entry(number)).put("json", copy(200_000), 0)
        assert copies.bytes <= COPIES_BYTES
    assert copies.of(entry_of(copies, 99)).get("json") is not None
    assert len(copies._shelves) < 50


def entry_of(copies, number):
    return copies._shelves[number.to_bytes(32)].entry


def test_forms_are_few_and_long_answers_are_not_kept():
    copies = Copies()
    shelf = copies.of(entry())
    shelf.put("long", copy(2 * 1024**2), 0)
    for form in range(MOST_FORMS + 1):
        shelf.put(form, copy(), 0)
    assert [shelf.get(form) is not None for form in ("long", 0, MOST_FORMS)] == [False, True, False]


def test_equal_bytes_are_read_once_until_something_is_invalidated():
    data = pack(entry())
    first = unpack(data)
    assert unpack(bytes(bytearray(data))) is first == entry()
    forget_read()
    assert unpack(data) is not first


def test_what_was_flipped_is_never_what_was_read():
    data = pack(entry())
    unpack(data)
    for place in range(len(data)):
        with pytest.raises(BrokenEntryError):
            unpack(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])


def test_long_entries_are_not_held_in_memory_twice():
    data = pack(entry(words="long " * entries._REMEMBERED_BYTES))
    assert unpack(data) is not unpack(data)
