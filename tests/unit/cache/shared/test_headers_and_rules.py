"""A header says the same of an entry as its facets do, and the rulebook the same as the rules in it."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from headworks.cache.entries import Facets
from headworks.cache.shared.header import Wanted, body, each, header, split, wanted
from headworks.cache.shared.rulebook import MOST_RULES, Rulebook
from headworks.cache.where import Where

WORDS = st.sampled_from(["", "a", "b", "p", "p@1", "p@2", "@", "é", "a:b", "1:a"])
TAGS = st.dictionaries(WORDS, WORDS, max_size=3)
NAMES = ("org", "user", "feature", "model", "prompt", "corpus")
FACETS = st.builds(Facets, **dict.fromkeys(NAMES, WORDS), tags=TAGS)
WHERES = st.builds(
    Where,
    **dict.fromkeys(NAMES, st.none() | WORDS),
    tag=st.none() | st.tuples(WORDS, WORDS),
    created_before_s=st.none() | st.floats(0, 10),
)
TIMES = st.floats(0, 10)


@given(FACETS, WHERES, TIMES)
def test_a_header_is_meant_when_its_facets_are(facets: Facets, where: Where, created_s: float) -> None:
    at_s, digests, rest = split(header(facets, created_s) + b"rest")
    rule = wanted(where)
    assert (at_s, rest, body(header(facets, created_s) + b"rest")) == (created_s, b"rest", b"rest")
    meant = each(rule.digests) <= digests and (rule.before_s is None or at_s < rule.before_s)
    assert meant == where.means(facets, created_s)


@given(FACETS, st.lists(st.tuples(WHERES, TIMES), max_size=5), TIMES)
def test_the_book_says_what_its_rules_say(facets: Facets, rules: list[tuple[Where, float]], created_s: float) -> None:
    book = Rulebook(1000.0)
    for where, heard_s in rules:
        book.add(wanted(where), heard_s)
    _, digests, _ = split(header(facets, created_s))
    # Of a rule heard twice the later time holds.
    latest = {wanted(where): (where, heard_s) for where, heard_s in rules}
    expected = any(
        where.means(facets, created_s) and (where.created_before_s is not None or created_s < heard_s)
        for where, heard_s in latest.values()
    )
    assert book.means(digests, created_s) == expected


def test_old_rules_leave_and_what_they_could_mean_is_not_written() -> None:
    book = Rulebook(100.0)
    rule = wanted(Where(user="a"))
    digests = split(header(Facets(user="a"), 0.0))[1]
    book.add(rule, 1000.0)
    assert book.means(digests, 999.0)
    assert not book.too_old(999.0, 1001.0)
    book.add(replace(rule, before_s=5.0), 1200.0)
    assert len(book) == 1
    assert not book.means(digests, 999.0)
    assert book.too_old(999.0, 1200.0)


def test_a_rule_heard_again_stays_as_long_as_the_later_one() -> None:
    book = Rulebook(100.0)
    rule = wanted(Where(user="a"))
    digests = split(header(Facets(user="a"), 0.0))[1]
    book.add(rule, 1000.0)
    book.add(rule, 1050.0)
    book.add(Wanted(b""), 1120.0)
    assert book.means(digests, 1049.0)


def test_the_book_has_room_for_so_many_rules() -> None:
    book = Rulebook(100.0)
    for number in range(MOST_RULES + 5):
        book.add(wanted(Where(user=str(number))), 1000.0 + number / 1e6)
    assert len(book) == MOST_RULES
    assert book.too_old(1000.0, 1000.1)
    assert not book.too_old(1000.1, 1000.1)


def test_what_may_have_been_missed_bars_what_is_older() -> None:
    book = Rulebook(1000.0)
    book.forgot(50.0)
    assert (book.too_old(49.0, 60.0), book.too_old(50.0, 60.0)) == (True, False)
