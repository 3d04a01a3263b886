"""Who gets which variant of a split: fair, for good, and the same everywhere."""

import hashlib
import math
import os
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.flags.evaluation import Flag, read_flag
from headworks.flags.evaluation.splits import POINTS, point, salted

USERS = 100_000
KNOWN_POINTS = [31408, 74014, 94988, 73503, 24134]
Z_999 = 3.2905
"""The two-sided 99.9% quantile of the normal distribution."""


def flag(shares: dict[str, float], **keys: Any) -> Flag:
    rule = {"split": shares} | {key: keys.pop(key) for key in ("by", "when") if key in keys}
    return read_flag("f", {"type": "string", "variants": {name: name for name in "abc"}, "rules": [rule], **keys})


def given_to(flag: Flag, key: Any) -> Any:
    return flag.evaluate({"targetingKey": key}).variant


@pytest.mark.parametrize(
    "shares", [{"a": 33.333, "b": 33.333, "c": 33.334}, {"a": 10, "b": 85, "c": 5}, {"a": 0.5, "b": 99.5}]
)
def test_shares_of_many_users_are_what_was_asked_for(shares: dict[str, float]):
    split = flag(shares)
    found = Counter(given_to(split, f"user-{n}") for n in range(USERS))
    for name, percent in shares.items():
        share = percent / 100
        bound = Z_999 * math.sqrt(USERS * share * (1 - share))
        assert abs(found[name] - USERS * share) <= bound, (name, found[name])


def test_a_variant_with_no_share_is_given_to_nobody():
    split = flag({"a": 0, "b": 100, "c": 0})
    assert {given_to(split, f"u{n}") for n in range(2_000)} == {"b"}


def test_the_point_of_a_key_is_as_documented_for_ever():
    """These never change: users would change sides."""
    assert (
        point(salted("new-ranking"), "user-1")
        == int.from_bytes(hashlib.sha256(b"new-ranking\x00user-1").digest()[:8], "big") * 100_000 // 2**64
    )
    assert [point(salted("f"), key) for key in ("a", "anna", "zoë", "用户", "🙂")] == KNOWN_POINTS


def test_another_process_with_another_hash_seed_agrees():
    script = "from headworks.flags.evaluation.splits import *; print([point(salted('f'), str(n)) for n in range(50)])"
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert told.stdout.strip() == str([point(salted("f"), str(n)) for n in range(50)])


@given(st.text(), st.text(min_size=1))
def test_every_key_has_a_point_and_keeps_it(salt: str, key: str):
    found = point(salted(salt), key)
    assert 0 <= found < POINTS
    assert found == point(salted(salt), key)


@given(st.text(min_size=1))
def test_who_has_a_variant_keeps_it_while_its_share_grows(key: str):
    before, after = flag({"a": 10, "b": 90}), flag({"a": 20, "b": 80})
    assert given_to(after, key) == "a" or given_to(before, key) == "b"


def test_flags_divide_users_independently_unless_they_share_a_salt():
    half = {"a": 50, "b": 50}
    variants = {name: name for name in "ab"}
    raw = {"type": "string", "variants": variants, "rules": [{"split": half}]}
    first, second = read_flag("f", raw), read_flag("g", raw)
    same = sum(given_to(first, f"u{n}") == given_to(second, f"u{n}") for n in range(10_000))
    assert abs(same - 5_000) < Z_999 * 50
    first, second = read_flag("f", {**raw, "salt": "s"}), read_flag("g", {**raw, "salt": "s"})
    assert all(given_to(first, f"u{n}") == given_to(second, f"u{n}") for n in range(1_000))


def test_keys_are_taken_as_they_come():
    """Composed and decomposed letters are different keys, as they are different bytes; so are cases and spaces."""
    split = flag({"a": 50, "b": 50})
    keys = ["zo\u00eb", "zoe\u0308", "ZOË", "zoë ", "\ud800", "x" * 100_000, "\0"]
    assert all(given_to(split, key) in {"a", "b"} for key in keys)
    assert len({point(salted("f"), key) for key in keys}) == len(keys)


@pytest.mark.parametrize("missing", [None, ""])
def test_a_split_without_a_key_says_so(missing: Any):
    found = flag({"a": 50, "b": 50}).evaluate({"targetingKey": missing})
    assert (found.value, found.reason, found.error_code) == (None, "ERROR", "TARGETING_KEY_MISSING")
    assert flag({"a": 50, "b": 50}).evaluate({}).error_code == "TARGETING_KEY_MISSING"


@pytest.mark.parametrize("odd", [1.5, True, ["a"], {"a": 1}, 2**70])
def test_a_key_that_is_none_says_so(odd: Any):
    found = flag({"a": 50, "b": 50}).evaluate({"targetingKey": odd})
    assert (found.reason, found.error_code) == ("ERROR", "INVALID_CONTEXT")


def test_a_split_may_be_made_by_another_attribute():
    split = flag({"a": 50, "b": 50}, by="context.account")
    assert split.evaluate({"account": 4711}).variant == split.evaluate({"account": "4711"}).variant
    assert split.evaluate({"targetingKey": "u"}).error_code == "TARGETING_KEY_MISSING"
    assert "context.account" in str(split.evaluate({}).error_message)


def test_a_missing_key_matters_only_where_a_split_decides():
    rule = {"when": {"attribute": "org", "equals": "acme"}, "split": {"a": 100}}
    found = read_flag("f", {"type": "string", "variants": {"a": "A"}, "default": "a", "rules": [rule]})
    assert found.evaluate({}).reason == "DEFAULT"
    assert found.evaluate({"org": "acme"}).error_code == "TARGETING_KEY_MISSING"
    assert found.evaluate({"org": "acme", "targetingKey": "u"}).reason == "SPLIT"
