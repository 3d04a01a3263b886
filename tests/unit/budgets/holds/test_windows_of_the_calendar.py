"""Days, weeks and months are UTC's, and one ends where the next begins."""

from datetime import UTC, datetime
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.budgets.holds.windows import ends_s, stamp

MOMENTS = st.floats(0, 4e9)
KINDS: list[Literal["day", "week", "month"]] = ["day", "week", "month"]


@pytest.mark.parametrize("window", KINDS)
@given(now_s=MOMENTS)
def test_a_window_ends_when_its_name_changes(window: Literal["day", "week", "month"], now_s: float) -> None:
    ends = ends_s(window, now_s)
    assert ends is not None
    assert ends > now_s
    assert stamp(window, ends - 1) == stamp(window, now_s)
    assert stamp(window, ends) != stamp(window, now_s)


def test_names_are_those_of_the_calendar() -> None:
    new_year = datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC).timestamp()
    assert [stamp(window, new_year) for window in KINDS] == ["2027-01-01", "2026-W53", "2027-01"]
    assert stamp("total", new_year) == stamp("minute", new_year) == ""
    assert ends_s("total", new_year) is None
