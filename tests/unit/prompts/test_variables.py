"""A variable that does not fit is refused by its name, before anything is rendered."""

import pytest

from headworks.core.errors import BadAskError
from headworks.prompts.record import Variable
from headworks.prompts.values import MAX_ITEMS, MAX_LENGTH, Picture, checked_values

PNG = "data:image/png;base64,iVBORw0KGgo="


def check(variable, value):
    return checked_values({"x": variable}, {"x": value})["x"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (Variable(), ""),
        (Variable(max_length=3), "äöü"),
        (Variable(type="integer", minimum=1, maximum=3), 3),
        (Variable(type="number"), -0.5),
        (Variable(type="boolean"), False),
        (Variable(type="enum", values=("a", "b")), "b"),
        (Variable(type="list"), [1, "a", None]),
        (Variable(type="list", items="integer"), [1, 2]),
        (Variable(type="object"), {"a": {"b": [1]}}),
    ],
)
def test_a_value_that_fits_is_taken_as_it_is(variable, value):
    assert check(variable, value) == value


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        (Variable(), 1, "expected a string, got a whole number."),
        (Variable(), True, "expected a string, got a boolean."),
        (Variable(), {"a": 1}, "expected a string, got an object."),
        (Variable(max_length=3), "four", "it has 4 characters; at most 3 are allowed."),
        (Variable(), "a" * (MAX_LENGTH + 1), "it has 100001 characters; at most 100000 are allowed."),
        (Variable(type="integer"), "1", "expected a whole number, got a string."),
        (Variable(type="integer"), 1.5, "expected a whole number, got a number."),
        (Variable(type="integer"), True, "expected a whole number, got a boolean."),
        (Variable(type="integer", minimum=1), 0, "it is at least 1."),
        (Variable(type="number", maximum=1), 1.5, "it is at most 1."),
        (Variable(type="number"), float("nan"), "expected a number, got a number."),
        (Variable(type="integer"), 10**400, "it is too large."),
        (Variable(type="boolean"), "true", "expected true or false, got a string."),
        (Variable(type="boolean"), 1, "expected true or false, got a whole number."),
        (Variable(type="enum", values=("a", "b")), "c", "it is one of: a, b."),
        (Variable(type="list"), "abc", "expected a list, got a string."),
        (Variable(type="list"), [0] * (MAX_ITEMS + 1), "it has 1001 items; at most 1000 are allowed."),
        (Variable(type="list"), ["a" * 1_000_001], "its JSON has more than 1000000 bytes."),
        (Variable(type="object"), [], "expected an object, got a list."),
        (Variable(type="object", max_length=5), {"a": "b"}, "it has 9 characters of JSON; at most 5 are allowed."),
        (Variable(type="image"), "file:///etc/passwd", "expected a URL of a picture"),
        (Variable(type="image"), "https://x/ y", "expected a URL of a picture"),
        (Variable(type="image"), "data:text/html;base64,AA==", "expected a URL of a picture"),
        (Variable(type="image"), PNG + "!", "what follows `base64,` is not base64."),
        (Variable(), None, "it is missing; the prompt needs a string."),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_name(variable, value, complaint):
    with pytest.raises(BadAskError) as raised:
        check(variable, value)
    assert raised.value.message.startswith(f"`variables.x`: {complaint}")
    assert (raised.value.status, raised.value.param) == (400, "variables.x")


def test_an_item_of_a_list_is_refused_by_its_place():
    with pytest.raises(BadAskError) as raised:
        check(Variable(type="list", items="string"), ["a", 2])
    assert raised.value.param == "variables.x[1]"


def test_an_unknown_name_is_refused_with_what_was_meant():
    with pytest.raises(BadAskError) as raised:
        checked_values({"name": Variable()}, {"name": "a", "nmae": "b"})
    assert raised.value.message == "`variables.nmae`: the prompt has no such variable. Did you mean `name`?"


def test_what_is_not_sent_is_its_default_or_nothing():
    declared = {
        "a": Variable(default="x"),
        "b": Variable(required=False),
        "c": Variable(type="list", required=False),
        "d": Variable(type="image", required=False),
    }
    assert checked_values(declared, {}) == {"a": "x", "b": None, "c": [], "d": None}


def test_a_picture_is_a_url_or_its_data():
    assert check(Variable(type="image"), "https://acme.example/a.png") == Picture("https://acme.example/a.png")
    assert check(Variable(type="image"), PNG) == Picture(PNG, "image/png", "iVBORw0KGgo=")


def test_a_whole_number_may_come_as_one_with_a_point():
    assert check(Variable(type="integer"), 2.0) == 2
