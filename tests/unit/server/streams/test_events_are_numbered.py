"""An `id:` line on every event, and on nothing else."""

import pytest

from headworks.server.streams.numbers import Numbering, behind, last_number


def test_events_are_numbered_from_one():
    numbers = Numbering()
    assert numbers.stamp(b"data: a\n\n") == b"id: 1\ndata: a\n\n"
    assert numbers.stamp(b'event: ping\ndata: {"type":"ping"}\n\n') == b'id: 2\nevent: ping\ndata: {"type":"ping"}\n\n'
    assert numbers.last == 2


def test_a_comment_has_no_number_and_no_blank_line():
    numbers = Numbering()
    assert numbers.stamp(b": keep-alive\n\n") == b": keep-alive\n"
    assert numbers.last == 0


def test_several_events_in_one_piece_are_numbered_each():
    numbers = Numbering()
    piece = b'data: a\n\n: headworks {"x":1}\n\ndata: [DONE]\n\n'
    assert numbers.stamp(piece) == b'id: 1\ndata: a\n\n: headworks {"x":1}\nid: 2\ndata: [DONE]\n\n'


def test_a_comment_inside_an_event_stays_inside_it_behind_the_number():
    assert Numbering().stamp(b": note\ndata: a\n\n") == b"id: 1\n: note\ndata: a\n\n"


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_other_line_ends_come_out_as_lf(end):
    piece = b"event: x" + end + b"data: a" + end + end + b"data: b" + end + end
    assert Numbering().stamp(piece) == b"id: 1\nevent: x\ndata: a\n\nid: 2\ndata: b\n\n"


@pytest.mark.parametrize(
    "piece",
    [
        b"id: 77\ndata: a\n\n",
        b"data: a\nid: 77\n\n",
        b"data: a\nid\n\n",
        b"data: a\nid:77\n\n",
        b"data: a\r\nid: 77\r\n\r\n",
    ],
)
def test_a_providers_own_ids_are_taken_out(piece):
    assert Numbering().stamp(piece) == b"id: 1\ndata: a\n\n"


def test_data_of_several_lines_is_one_event():
    assert Numbering().stamp(b"data: a\ndata: b\n\n") == b"id: 1\ndata: a\ndata: b\n\n"


def test_words_that_look_like_ids_inside_data_are_left_alone():
    piece = b'data: {"text":"id: 5\\nid: 6"}\n\n'
    assert Numbering().stamp(piece) == b"id: 1\n" + piece


def test_further_blank_lines_are_no_events():
    assert Numbering().stamp(b"\n\ndata: a\n\n\n\n\ndata: b\n\n") == b"id: 1\ndata: a\n\nid: 2\ndata: b\n\n"


def test_an_event_without_its_blank_line_gets_one():
    assert Numbering().stamp(b"data: a\n") == b"id: 1\ndata: a\n\n"
    assert Numbering().stamp(b"data: a") == b"id: 1\ndata: a\n\n"


def test_long_streams_go_on_being_numbered():
    numbers = Numbering()
    for _ in range(5000):
        last = numbers.stamp(b"data: a\n\n")
    assert last == b"id: 5000\ndata: a\n\n"


def test_the_place_behind_an_event_is_found_with_the_comments_there():
    data = b"id: 1\ndata: a\n\n: note\nid: 2\ndata: b\n\nid: 12\ndata: c\n\n"
    assert behind(data, 1) == b": note\nid: 2\ndata: b\n\nid: 12\ndata: c\n\n"
    assert behind(data, 2) == b"id: 12\ndata: c\n\n"
    assert behind(data, 12) == b""


def test_the_last_number_is_that_of_the_last_event():
    assert last_number(b"id: 3\ndata: a\n\n", 0) == 3
    assert last_number(b": note\nid: 9\ndata: a\n\nid: 10\ndata: b\n\n: end\n", 0) == 10
    assert last_number(b": note\n", 7) == 7
