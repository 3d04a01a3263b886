"""Deadlines and SDK time-outs as request headers say them."""

import pytest

from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Prompt
from headworks.server.patience import note_patience


def ask(*, stream=False):
    return Ask(
        trace_id="t",
        dialect="openai",
        kind="chat",
        model="m",
        fields={},
        read_prompt=lambda: Prompt(messages=()),
        stream=stream,
    )


def noted(headers, *, stream=False):
    made = ask(stream=stream)
    note_patience(made, headers, 100.0)
    return made


@pytest.mark.parametrize("stream", [False, True])
def test_a_deadline_of_its_own_goes_before_the_sdks_time_out(stream):
    made = noted({"x-headworks-deadline-ms": "1500", "x-stainless-read-timeout": "600"}, stream=stream)
    assert (made.deadline_s, made.begin_by_s) == (101.5, None)


def test_an_sdk_that_waits_for_a_body_is_answered_just_before_it_gives_up():
    made = noted({"x-stainless-read-timeout": "600"})
    assert (made.deadline_s, made.begin_by_s) == (699.75, None)


def test_an_sdk_that_reads_a_stream_wants_it_begun_in_time():
    made = noted({"x-stainless-read-timeout": "20.0"}, stream=True)
    assert (made.deadline_s, made.begin_by_s) == (None, 119.75)


def test_a_very_short_time_out_still_leaves_time():
    assert noted({"x-stainless-read-timeout": "0.2"}).deadline_s == pytest.approx(100.1)


@pytest.mark.parametrize("text", ["None", "inf", "nan", "-1", "0", "", "soon", "1e99"])
def test_a_time_out_that_is_none_sets_nothing(text):
    made = noted({"x-stainless-read-timeout": text})
    assert (made.deadline_s, made.begin_by_s) == (None, None)


@pytest.mark.parametrize("text", ["0", "-5", "1.5", "soon", "", "86400001", "9" * 500, "\u0661"])
def test_a_deadline_that_is_none_is_refused_by_name(text):
    with pytest.raises(BadAskError) as caught:
        noted({"x-headworks-deadline-ms": text})
    assert caught.value.param == "x-headworks-deadline-ms"


@pytest.mark.parametrize(("text", "count"), [("2", 2), ("0", 0), ("x", 0), ("-1", 0), ("9" * 400, 1000)])
def test_the_sdks_own_retries_are_counted(text, count):
    assert noted({"x-stainless-retry-count": text}).client_retries == count
