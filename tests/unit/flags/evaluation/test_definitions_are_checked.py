"""A definition that is not right is refused, at the exact place, and all faults at once."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from headworks.flags.config import FlagSettings
from headworks.flags.evaluation import BadFlagError, read_flag

GOOD: dict[str, Any] = {"type": "string", "variants": {"a": "A", "b": "B"}, "default": "a"}


def faults(raw: Any, *, text: bool = False, name: str = "f") -> list[str]:
    with pytest.raises(BadFlagError) as caught:
        read_flag(name, raw, text=text)
    assert caught.value.status == 422
    return [str(fault) for fault in caught.value.faults]


def rule(**keys: Any) -> dict[str, Any]:
    return {**GOOD, "rules": [keys]}


def when(**keys: Any) -> dict[str, Any]:
    return rule(when=keys, variant="b")


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ([], "should be a mapping of keys"),
        ({**GOOD, "defualt": "a"}, "defualt: unknown key `defualt`; did you mean `default`?"),
        ({**GOOD, "type": "strng"}, "type: unknown type `strng`; did you mean `string`?"),
        ({"variants": {"a": 1}}, "type: is needed: one of boolean, string, number, object"),
        ({**GOOD, "default": "c"}, "default: unknown variant `c`; known here: a, b"),
        ({**GOOD, "default": 5}, "default: should be the name of a variant"),
        ({**GOOD, "variants": {"a": 1}}, "variants.a: should be of the flag's type, string"),
        ({"type": "boolean", "variants": {"a": "true"}}, "variants.a: should be true or false"),
        ({"type": "number", "variants": {"a": True}}, "variants.a: should be a number"),
        ({"type": "object", "variants": {"a": "x"}}, "variants.a: should be of the flag's type, object"),
        ({"type": "string", "variants": {}}, "variants: should name 1 to 100 values"),
        ({**GOOD, "enabled": 1}, "enabled: should be true or false"),
        ({**GOOD, "salt": ""}, "salt: should have 1 to 200 characters"),
        ({**GOOD, "metadata": {"owner": {"a": 1}}}, "metadata.owner: should be text, a number, true or false"),
        ({**GOOD, "rules": {}}, "rules: should be a list with at least one entry"),
        ({**GOOD, "rules": ["x"]}, "rules[0]: should be a mapping of keys"),
        (rule(), "rules[0]: needs either a `variant` or a `split`"),
        (rule(variant="a", split={"a": 100}), "rules[0]: needs either a `variant` or a `split`"),
        (rule(variant="c"), "rules[0].variant: unknown variant `c`; known here: a, b"),
        (rule(variant="a", by="org"), "rules[0].by: only a split is made by something"),
        (rule(split={"a": 50, "b": 40}), "rules[0].split: the shares add up to 90 percent, not 100"),
        (rule(split={"a": 33.333, "b": 66.666}), "rules[0].split: the shares add up to 99.999 percent, not 100"),
        (rule(split={"a": 101, "b": -1}), "rules[0].split.a: should be 0 to 100 percent"),
        (rule(split={"a": 33.3333, "b": 66.6667}), "rules[0].split.a: should have at most three decimals"),
        (rule(split={"a": 50, "z": 50}), "rules[0].split.z: unknown variant `z`; known here: a, b"),
        (rule(split={"a": "50", "b": 50}), "rules[0].split.a: should be a number"),
        (rule(split={"a": 100}, by="orgg"), "rules[0].by: unknown attribute `orgg`; did you mean `org`?"),
        (when(attribute="orgg", equals="x"), "rules[0].when.attribute: unknown attribute `orgg`; did you mean `org`?"),
        (when(attribute="tag.", equals="x"), "rules[0].when.attribute: `tag.` names nothing; write `tag.NAME`"),
        (when(attribute="context.a..b", equals="x"), "rules[0].when.attribute: `context.a..b` names nothing; "),
        (when(attribute=5, equals="x"), "rules[0].when.attribute: should be text"),
        (when(attribute="org", equalz="x"), "rules[0].when.equalz: unknown operator `equalz`; did you mean `equals`?"),
        (when(attribute="org"), "rules[0].when: needs exactly one comparison, and has 0"),
        (when(attribute="org", equals="x", starts_with="y"), "rules[0].when: needs exactly one comparison, and has 2"),
        (when(equals="x"), "rules[0].when: needs an `attribute`, or one of all, any and not"),
        (when(attribute="org", equals=None), "rules[0].when.equals: should be text, a number, true or false"),
        (when(attribute="org", **{"in": []}), "rules[0].when.in: should be a list with at least one entry"),
        (when(attribute="org", **{"in": ["a", []]}), "rules[0].when.in[1]: should be text, a number, true or false"),
        (when(attribute="org", starts_with=["a", 5]), "rules[0].when.starts_with[1]: should be text"),
        (when(attribute="org", matches="("), "rules[0].when.matches: `(` is not a pattern: unclosed"),
        (when(attribute="org", matches=r"(a)\1"), "is not a pattern: backreferences are not"),
        (when(attribute="org", matches="(a{1000}){1000}"), "is not a pattern: Compiled regex exceeds size limit"),
        (when(attribute="context.n", less_than="5"), "rules[0].when.less_than: should be a number"),
        (when(attribute="context.v", semver=">=1.2"), "rules[0].when.semver: `>=1.2` does not compare"),
        (when(attribute="context.v", semver=" "), "rules[0].when.semver: should compare with a version"),
        (when(attribute="org", exists="yes"), "rules[0].when.exists: should be true or false"),
        (when(all=[]), "rules[0].when.all: should be a list with at least one entry"),
        (when(all=[{"attribute": "org", "equals": 1}], any=[]), "rules[0].when: `all` stands alone"),
        (when(**{"not": {"any": [{"attribute": "orgg", "equals": 1}]}}), "rules[0].when.not.any[0].attribute: unknown"),
        (when(**{"not": "x"}), "rules[0].when.not: should be a condition"),
    ],
)
def test_a_fault_is_told_with_its_place(raw: Any, fault: str):
    assert any(one.startswith(fault) or fault in one for one in faults(raw)), faults(raw)


def test_every_fault_is_told_at_once():
    raw = {"type": "text", "default": "x", "rules": [{"split": {"a": 1}}, {"when": {"attribute": "x"}, "variant": "q"}]}
    found = faults({**raw, "variants": {"a": 1}})
    assert [one.split(":")[0] for one in found] == [
        "type",
        "default",
        "rules[0].split",
        "rules[1].when.attribute",
        "rules[1].when",
        "rules[1].variant",
    ]


@pytest.mark.parametrize("name", ["", "a b", "a/b", "é", "x" * 201, "-a", "a\n"])
def test_a_name_that_is_none_is_refused(name: str):
    assert "1 to 200 letters" in faults(GOOD, name=name)[0]


def test_a_condition_is_not_nested_for_ever():
    condition: Any = {"attribute": "org", "equals": "x"}
    for _ in range(500):
        condition = {"not": condition}
    assert "nested more than 10 deep" in faults(when(**condition))[0]


KEYS = st.sampled_from(
    ["type", "variants", "default", "rules", "when", "split", "by", "all", "any", "not", "attribute", "equals"]
) | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(raw=JSON, text=st.booleans())
def test_whatever_is_given_is_read_or_refused_and_nothing_else(raw: Any, text: bool):
    with suppress(BadFlagError):
        assert read_flag("f", raw, text=text).evaluate({}).key == "f"


def settings_faults(**flags: Any) -> list[tuple[Any, str]]:
    with pytest.raises(ValidationError) as caught:
        FlagSettings.model_validate(flags)
    return [(error["loc"], error["msg"]) for error in caught.value.errors()]


def test_the_config_file_says_where_a_definition_is_wrong():
    found = settings_faults(definitions={"f": {"type": "boolean", "rules": [{"split": {"on": "50"}}]}, "g": "x"})
    assert found == [
        (("definitions", "f", "rules", 0, "split"), "the shares add up to 50 percent, not 100"),
        (("definitions", "g"), "should be a mapping of keys"),
    ]


@pytest.mark.parametrize(
    "provider",
    [
        {"kind": "ofrep"},
        {"kind": "python", "url": "http://x"},
        {"kind": "ofrep", "url": "http://x", "path": "a:b"},
        {"kind": "ofrep", "url": "ftp://x"},
        {"kind": "ofrep", "url": "http://user:word@x"},
        {"kind": "python", "path": "no colon"},
        {"kind": "python", "path": "os:system('x')"},
        {"kind": "other"},
        {"kind": "ofrep", "url": "http://x", "deadline_s": "0"},
    ],
)
def test_a_provider_that_cannot_be_asked_is_refused(provider: dict[str, Any]):
    assert settings_faults(provider=provider)


def test_headers_of_a_provider_are_secrets():
    provider = {"kind": "ofrep", "url": "https://flags.example.com", "headers": {"x-api-key": "very secret"}}
    settings = FlagSettings.model_validate({"provider": provider})
    assert settings.secrets() == ["very secret"]
    assert "very secret" not in str(settings.model_dump(mode="json"))


def test_scalars_of_the_config_file_are_read_by_the_type_that_is_wanted():
    flag = read_flag("f", {"type": "number", "variants": {"a": "4.10", "b": "7"}, "default": "a"}, text=True)
    assert flag.variants == {"a": 4.1, "b": 7}
    flag = read_flag("f", {"type": "string", "variants": {"a": "4.10", "b": "on"}, "default": "a"}, text=True)
    assert flag.variants == {"a": "4.10", "b": "on"}
    flag = read_flag("f", {"type": "boolean", "variants": {"a": "on", "b": "False"}, "enabled": "off"}, text=True)
    assert flag.variants == {"a": True, "b": False}
    assert flag.evaluate({}).reason == "DISABLED"
    flag = read_flag("f", {"type": "object", "variants": {"a": '{"k": [1, true]}'}, "default": "a"}, text=True)
    assert flag.evaluate({}).value == {"k": [1, True]}
    assert "JSON in quotes" in faults({"type": "object", "variants": {"a": {"k": "1"}}}, text=True)[0]


def test_a_comparison_of_the_config_file_means_what_it_writes():
    raw = {"type": "boolean", "default": "off"}

    def holds(operand: str, value: object) -> bool:
        when = {"attribute": "context.x", "equals": operand}
        flag = read_flag("f", {**raw, "rules": [{"when": when, "variant": "on"}]}, text=True)
        return bool(flag.evaluate({"x": value}).value)

    assert holds("5", 5)
    assert holds("5", "5")
    assert holds("false", False)
    assert holds("false", "false")
    assert not holds("1", True)
    assert not holds("true", 1)
