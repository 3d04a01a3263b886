"""However many prompts there are, little is remembered, and what is used stays."""

import tracemalloc

from headworks.cache.prefix.memory import MOST_CONVERSATIONS, MOST_PREFIXES, name_of
from headworks.cache.prefix.traffic import Latest, Sights


def test_the_one_that_was_not_used_for_longest_goes_first():
    latest = Latest(2)
    latest.put(b"a", "A")
    latest.put(b"b", "B")
    assert latest.get(b"a") == "A"
    latest.put(b"c", "C")
    assert [latest.get(name) for name in (b"a", b"b", b"c")] == ["A", None, "C"]
    latest.drop(b"a")
    latest.drop(b"a")
    assert len(latest) == 1


def test_a_prefix_in_memory_takes_a_few_hundred_bytes():
    tracemalloc.start()
    latest = Latest(1_000)
    for number in range(3_000):
        sights = latest.put(name_of(str(number).encode()), Sights(float(number)))
        sights.again(number + 0.5)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(latest) == 1_000
    assert size < 1_000 * 600
    assert MOST_PREFIXES + MOST_CONVERSATIONS <= 20_000


def test_names_know_where_their_parts_end():
    assert name_of(b"ab", b"c") != name_of(b"a", b"bc") != name_of(b"abc")
