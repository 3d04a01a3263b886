"""Times as sentences say them."""

import pytest

from headworks.core.clock import seconds_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (0.0000312345, "0.0000312 s"),
        (0.0296473, "0.0296 s"),
        (0.05, "0.05 s"),
        (2.5, "2.5 s"),
        (25.0, "25 s"),
        (12.3456, "12.3 s"),
        (99.99, "100 s"),
        (120, "120 s"),
        (119.96, "120 s"),
        (1000, "1000 s"),
        (1805.0, "1805 s"),
        (86_400.0, "86400 s"),
        (3_000_000.0, "3000000 s"),
    ],
)
def test_seconds_are_short_and_have_no_exponent(seconds, text):
    assert seconds_text(seconds) == text
