"""What rules ask about, and with which comparisons."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.flags.evaluation import read_flag

VERSIONS = [
    "0.9.9",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.9.0",
    "1.10.0",
    "2.0.0-0",
    "2.0.0",
]
"""In the order that semver.org, 11.4, asks for, with more around it."""


def holds(when: Any, context: dict[str, Any]) -> bool:
    raw = {"type": "boolean", "default": "off", "rules": [{"when": when, "variant": "on"}]}
    found = read_flag("f", raw).evaluate(context)
    assert found.reason == ("TARGETING_MATCH" if found.value else "DEFAULT")
    return bool(found.value)


def compared(value: Any, **comparison: Any) -> bool:
    return holds({"attribute": "context.x", **comparison}, {"x": value})


@pytest.mark.parametrize(
    ("comparison", "yes", "no"),
    [
        ({"equals": "a"}, ["a"], ["A", "b", "", None, 1, ["a"], {"a": 1}]),
        ({"equals": 1}, [1, 1.0], ["1", True, 2, None, []]),
        ({"equals": True}, [True], [1, "true", False, None]),
        ({"in": ["a", "b", 3, False]}, ["a", "b", 3, False], ["c", 0, True, None, ["a"], "3"]),
        ({"starts_with": "ab"}, ["ab", "abc"], ["a", "cab", None, 5, ["ab"]]),
        ({"starts_with": ["ab", "x"]}, ["abc", "x"], ["b"]),
        ({"ends_with": "@x.com"}, ["a@x.com"], ["a@x.com.", None]),
        ({"contains": "b"}, ["abc", ["a", "b"], ("b",)], ["ac", ["abc"], None, {"b": 1}, 5]),
        ({"matches": "^a+$"}, ["a", "aaa"], ["ab", "", None, 5, ["a"]]),
        ({"matches": "b"}, ["abc"], ["ac"]),
        ({"less_than": 5}, [4, 4.9, -1], [5, 6, "4", None, True]),
        ({"at_most": 5}, [5, 4], [5.1, True]),
        ({"greater_than": 5}, [5.1, 10**400], [5, False, None]),
        ({"at_least": 5}, [5], [4.9, "5"]),
        ({"semver": ">=1.2.0 <2.0.0"}, ["1.2.0", "1.99.0", "v1.5.0"], ["1.1.9", "2.0.0", "1.2", "x", None, 1.2]),
        ({"semver": "^1.2.0"}, ["1.2.0", "1.3.0"], ["2.0.0", "2.0.0-rc.1", "1.1.0"]),
        ({"semver": "^0.2.3"}, ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]),
        ({"semver": "^0.0.3"}, ["0.0.3"], ["0.0.4"]),
        ({"semver": "~1.2.3"}, ["1.2.9"], ["1.3.0", "1.3.0-rc.1"]),
        ({"semver": "!=1.2.3"}, ["1.2.4"], ["1.2.3", "1.2.3+build.7", "01.2.3"]),
        ({"semver": "1.2.3"}, ["1.2.3"], ["1.2.4"]),
        ({"exists": True}, ["", 0, False, []], [None]),
        ({"exists": False}, [None], ["", 0]),
    ],
)
def test_a_comparison(comparison: dict[str, Any], yes: list[Any], no: list[Any]):
    assert [value for value in yes if not compared(value, **comparison)] == []
    assert [value for value in no if compared(value, **comparison)] == []


def test_versions_have_the_order_of_the_standard():
    for n, lower in enumerate(VERSIONS):
        for higher in VERSIONS[n + 1 :]:
            assert compared(lower, semver=f"<{higher}")
            assert not compared(higher, semver=f"<={lower}")


@pytest.mark.parametrize("text", ["1.0.0-01", "1.0.0-", "1.0.0-a..b", "1.0", "", "1.0.0 ", "٤.0.0", "1" * 30 + ".0.0"])
def test_what_is_no_version_matches_nothing(text: str):
    assert not compared(text, semver=">=0.0.0")


@given(st.text())
def test_any_text_can_be_compared_with_versions(text: str):
    assert compared(text, semver=">=0.0.0") in {True, False}


@pytest.mark.parametrize(
    ("attribute", "context"),
    [
        ("org", {"org": "x"}),
        ("user", {"user": "x"}),
        ("end_user", {"end_user": "x"}),
        ("feature", {"feature": "x"}),
        ("model", {"model": "x"}),
        ("key", {"key": "x"}),
        ("key_name", {"key_name": "x"}),
        ("team", {"team": "x"}),
        ("targeting_key", {"targetingKey": "x"}),
        ("tag.plan", {"tags": {"plan": "x"}}),
        ("tag.a.b", {"tags": {"a.b": "x"}}),
        ("context.email", {"email": "x"}),
        ("context.device.os", {"device": {"os": "x"}}),
        ("context.device.os", {"device.os": "x"}),
        ("context.größe", {"größe": "x"}),
    ],
)
def test_an_attribute_is_found_where_it_stands(attribute: str, context: dict[str, Any]):
    when = {"attribute": attribute, "equals": "x"}
    assert holds(when, context)
    assert not holds(when, {})
    assert not holds(when, {"tags": "no mapping", "device": ["no mapping"]})


def test_groups_of_conditions():
    yes, no = {"attribute": "org", "equals": "acme"}, {"attribute": "org", "equals": "other"}
    context = {"org": "acme"}
    assert holds({"all": [yes, yes]}, context)
    assert not holds({"all": [yes, no]}, context)
    assert holds({"any": [no, yes]}, context)
    assert not holds({"any": [no, no]}, context)
    assert holds({"not": no}, context)
    assert holds({"all": [{"any": [no, yes]}, {"not": {"all": [yes, no]}}]}, context)


def test_the_first_rule_that_holds_decides():
    rules = [
        {"when": {"attribute": "org", "equals": "acme"}, "variant": "a"},
        {"when": {"attribute": "context.beta", "equals": True}, "variant": "b"},
        {"variant": "c"},
    ]
    raw = {"type": "string", "variants": {name: name for name in "abcd"}, "default": "d", "rules": rules}
    flag = read_flag("f", raw)
    found = [flag.evaluate(context) for context in ({"org": "acme", "beta": True}, {"beta": True}, {})]
    assert [(one.value, one.rule) for one in found] == [("a", 0), ("b", 1), ("c", 2)]


def test_a_pattern_takes_no_longer_for_a_malicious_text():
    """A backtracking engine would not be done with this in the lifetime of the universe."""
    assert not compared("a" * 50_000 + "!", matches="^(a+)+$")


def test_a_huge_context_is_no_trouble():
    context = {f"k{n}": "v" * 100 for n in range(10_000)} | {"deep": {"x": [{"y": n} for n in range(1_000)]}}
    assert holds({"attribute": "context.k9999", "starts_with": "vv"}, context)
    assert not holds({"attribute": "context.deep.x.y", "exists": True}, context)
