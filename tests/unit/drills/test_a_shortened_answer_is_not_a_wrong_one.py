"""An answer that was made shorter for want of time, and says so, is no whole answer and no wrong one."""

import pytest
from msgspec import Struct

from headworks.drills.load.calling import judged
from headworks.drills.load.hearing import Heard

SAID = {"x-headworks-adapted": "max_tokens 86"}


class Answered(Struct):
    """As much of an exchange as is judged."""

    headers: dict[str, str]
    status: int = 200
    complete: bool = True


@pytest.mark.parametrize(
    ("text", "finish", "headers", "kind"),
    [
        ("one two", "length", SAID, "error"),
        ("one two three", "stop", SAID, "whole"),
        ("one two", "length", {}, "wrong"),
        ("one two", "stop", SAID, "wrong"),
        ("one too", "length", SAID, "wrong"),
        ("", "length", SAID, "wrong"),
    ],
)
def test_only_what_says_so_and_is_right_as_far_as_it_goes(text, finish, headers, kind):
    heard = Heard(text=text, finish=finish, ended=True)
    assert judged(Answered(headers), heard, "one two three")[0] == kind
