"""Figures, accounts and checks, from drills that were made up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.core.replies import Usage
from headworks.drills.load.hearing import Heard
from headworks.drills.verdict.accounts import discrepancies
from headworks.drills.verdict.checks import judge, shown
from headworks.drills.verdict.figures import Spread, figures, spread

SIXTY = Usage(input_tokens=10, output_tokens=5)
COST = 10 * 500 + 5 * 1500


def attempt(provider: str = "h", **given: Any) -> dict[str, Any]:
    return {"provider": provider, "model": "m", "status": "ok", "tokens": 15, "cost_nano": COST} | given


def record(*attempts: dict[str, Any], **given: Any) -> dict[str, Any]:
    tokens, cost = sum(one["tokens"] for one in attempts), sum(one["cost_nano"] or 0 for one in attempts)
    return {"total_tokens": tokens, "cost_nano": cost, "attempts": list(attempts)} | given


@given(st.lists(st.floats(0, 1000), min_size=1))
def test_percentiles_are_values_that_were_seen(values: list[float]) -> None:
    found = spread(values)
    assert found.p50 <= found.p95 <= found.p99 <= found.max
    seen = [round(value, 6) for value in values]
    assert {found.p50, found.p99} <= set(seen)
    assert found.max == max(seen)


def test_percentiles_of_nothing_are_zero() -> None:
    assert spread([]) == Spread()
    assert spread([1.0, 2.0, 3.0, 4.0]).p50 == 2.0


def test_answers_and_provider_calls_are_counted(made: Any) -> None:
    outcomes = [
        made.outcome(0),
        made.outcome(1, provider="s", attempts=3, heard=Heard(seams=1)),
        made.outcome(2, kind="error", heard=Heard(error_code="overloaded")),
        made.outcome(3, kind="wrong"),
        made.outcome(4, kind="broken"),
        made.outcome(5, kind="hung"),
    ]
    calls = {"h": [made.call(0), made.call(1), made.call(1)], "s": [made.call(1)]}
    found = figures(made.course(outcomes, calls=calls))
    assert (found.calls, found.whole, found.errors, found.wrong, found.broken, found.hung) == (6, 2, 1, 1, 1, 1)
    assert (found.error_codes, found.provider_calls) == ({"overloaded": 1}, {"h": 3, "s": 1})
    assert (found.calls_per_answer, found.home_share, found.spare_share) == (2.0, 0.5, 0.5)
    assert (found.most_home_calls, found.most_spare_calls, found.attempts, found.seams) == (2, 1, 3, 1)
    assert found.latency_s.max == 0.1
    assert found.added_latency_ms.p50 == pytest.approx(60)


def test_without_whole_answers_there_are_no_shares(made: Any) -> None:
    found = figures(made.course([made.outcome(0, kind="hung")], calls={"h": [made.call(0)]}, records=None))
    assert (found.calls_per_answer, found.home_share, found.cost_usd) == (None, None, None)


def test_failover_is_the_first_whole_answer_from_elsewhere_after_the_trouble_began(made: Any) -> None:
    outcomes = [
        made.outcome(0, begun_s=0.5, provider="s"),
        made.outcome(1, begun_s=2.1, provider="h"),
        made.outcome(2, begun_s=2.5, provider="s", kind="error"),
        made.outcome(3, begun_s=3.0, provider="s"),
    ]
    course = made.course(outcomes, happened=[made.event(2.0, down=True)])
    assert figures(course).failover_s == pytest.approx(1.1)
    assert figures(made.course(outcomes)).failover_s is None


def test_the_return_counts_from_the_end_of_the_trouble(made: Any) -> None:
    away = [made.outcome(n, begun_s=5 + n / 10, provider="s") for n in range(10)]
    home = [made.outcome(10 + n, begun_s=6 + n / 10, provider="s" if n == 3 else "h") for n in range(10)]
    happened = [made.event(2.0), made.event(3.0, "s"), made.event(5.0, harms=False)]
    assert figures(made.course(away + home, happened=happened)).return_s == pytest.approx(1.0)
    assert figures(made.course(away, happened=happened)).return_s is None
    lasting = made.course(home, happened=[made.event(2.0), made.event(3.0, harms=False), made.event(4.0)])
    assert lasting.trouble == (2.0, None)
    assert figures(lasting).return_s is None


def test_an_outage_is_noticed_when_home_has_one_call_at_a_time(made: Any) -> None:
    """Calls overlap until 3.2 s; later ones are probes, one at a time; after the trouble they may overlap again."""
    spans = [(1.9, 2.4), (2.0, 2.3), (2.1, 3.3), (2.2, 2.3), (3.2, 3.4), (3.5, 3.9), (4.0, 4.2), (6.0, 7.0), (6.1, 7.0)]
    calls = {"h": [made.call(n, *span) for n, span in enumerate(spans)]}
    happened = [made.event(2.0), made.event(5.0, harms=False)]
    assert figures(made.course([made.outcome(0)], calls=calls, happened=happened)).noticed_s == pytest.approx(1.2)


def accounts(made: Any, made_record: dict[str, Any], calls: dict[str, Any], **outcome: Any) -> str:
    course = made.course([made.outcome(0, **outcome)], calls=calls, records={"t0": made_record})
    return " ".join(discrepancies(course))


def test_right_records_have_no_discrepancies(made: Any) -> None:
    told = {"h": [made.call(0, told=SIXTY)]}
    assert accounts(made, record(attempt()), told) == ""
    failed = attempt(status="failed", tokens=0, cost_nano=0)
    calls = {"h": [made.call(0, status=503)], "s": [made.call(0, told=SIXTY)]}
    assert accounts(made, record(failed, attempt("s", cost_nano=7)), calls) == ""
    cut = {"h": [made.call(0, told=None), made.call(0, told=SIXTY)]}
    assert accounts(made, record(attempt(status="failed", tokens=3, cost_nano=99), attempt()), cut) == ""


@pytest.mark.parametrize(
    ("made_record", "given", "sentence"),
    [
        (record(attempt(), total_tokens=16), {}, "its attempts have 15 tokens, the record 16"),
        (record(attempt(), cost_nano=1), {}, f"its attempts cost {COST} nano-dollars, the record says 1"),
        (record(), {}, "`h` received 1 calls, and 0 attempts are on record"),
        (record(attempt(), attempt()), {}, "`h` received 1 calls, and 2 attempts are on record"),
        (record(attempt(tokens=16)), {}, "told 15 tokens, and 16 are on record"),
        (record(attempt(cost_nano=3)), {}, f"cost {COST} nano-dollars, and 3 are on record"),
        (record(attempt()), {"heard": Heard(input_tokens=1, output_tokens=5)}, "was told 1 and 5 tokens, the provider"),
        (record(attempt()), {"heard": Heard()}, "its client was not told what it used"),
        (record(attempt()), {"trace_id": None}, "its answer named no trace"),
        (record(attempt()), {"trace_id": "t9"}, "there is no record t9"),
    ],
)  # fmt: skip
def test_discrepancies_are_told(made: Any, made_record: dict[str, Any], given: dict[str, Any], sentence: str) -> None:
    assert sentence in accounts(made, made_record, {"h": [made.call(0, told=SIXTY)]}, **given)


def test_a_refused_attempt_costs_nothing(made: Any) -> None:
    said = accounts(made, record(attempt(status="failed")), {"h": [made.call(0, status=429)]}, kind="error")
    assert "was refused with 429, and 15 tokens are on record" in said


def test_a_connection_found_closed_need_not_be_on_record(made: Any) -> None:
    calls = {"h": [made.call(0, bytes_sent=0), made.call(0, told=SIXTY)]}
    assert accounts(made, record(attempt()), calls) == ""


def test_attempts_at_a_provider_that_was_down_are_more_than_it_received(made: Any) -> None:
    made_record = record(attempt(status="failed", tokens=0, cost_nano=0), attempt("s", cost_nano=7))
    calls = {"s": [made.call(0, told=SIXTY)]}
    outcomes, records = [made.outcome(0)], {"t0": made_record}
    down = made.course(outcomes, calls=calls, records=records, happened=[made.event(0, down=True)])
    assert discrepancies(down) == []
    assert len(discrepancies(made.course(outcomes, calls=calls, records=records))) == 1


def test_records_that_were_not_read_are_a_discrepancy_and_a_hung_call_without_a_name_is_none(made: Any) -> None:
    assert discrepancies(made.course([made.outcome(0)], records=None)) == ["The records could not be read."]
    assert discrepancies(made.course([made.outcome(0, kind="hung", trace_id=None)])) == []


def verdict(made: Any, outcomes: list[Any], calls: dict[str, Any] | None = None, **expect: Any) -> Any:
    return judge(made.course(outcomes, calls=calls or {}, expect=expect), 1.0)


def test_a_drill_whose_expectations_are_met_passes(made: Any) -> None:
    found = verdict(
        made,
        [made.outcome(n) for n in range(4)],
        {"h": [made.call(n) for n in range(4)]},
        success_share=1,
        calls_per_answer=1,
        calls_per_ask={"home": 1, "spare": 0},
        served_by={"home": 1, "spare": 0},
        latency_s={"p50": 1, "max": 1},
        added_latency_ms={"p99": 100},
        attempts=1,
        seams=0,
        error_codes=[],
    )
    assert (found.passed, [check.name for check in found.checks if not check.met]) == (True, [])
    assert len(found.checks) == 15


@pytest.mark.parametrize(
    ("expect", "name", "wanted", "found"),
    [
        ({"success_share": 0.9}, "success_share", "at least 0.9", "0.25"),
        ({"error_share": 0.5}, "error_share", "at least 0.5", "0.25"),
        ({"error_codes": ["overloaded"]}, "error_codes", "overloaded", "provider_timeout (1)"),
        ({"error_codes": []}, "error_codes", "none", "provider_timeout (1)"),
        ({}, "wrong_answers", "at most 0", "1"),
        ({}, "hangs", "at most 0", "1"),
        ({"latency_s": {"p95": 0.05}}, "latency_s.p95", "at most 0.05", "0.1"),
        ({"added_latency_ms": {"p99": 10}}, "added_latency_ms.p99", "at most 10", "60"),
        ({"calls_per_answer": 1.5}, "calls_per_answer", "at most 1.5", "2"),
        ({"calls_per_ask": {"home": 1}}, "calls_per_ask.home", "at most 1", "2"),
        ({"served_by": {"spare": 0.5}}, "served_by.spare", "at least 0.5", "0"),
        ({"attempts": 0}, "attempts", "at most 0", "1"),
        ({"seams": 1}, "seams", "at least 1", "0"),
        ({"failover_s": 1}, "failover_s", "at most 1", "never"),
        ({"cost": "right"}, "cost", "right", "4 discrepancies"),
    ],
)
def test_an_expectation_that_is_not_met_is_told(
    made: Any, expect: dict[str, Any], name: str, wanted: str, found: str
) -> None:
    outcomes = [
        made.outcome(0),
        made.outcome(1, kind="error", why="504 provider_timeout: late", heard=Heard(error_code="provider_timeout")),
        made.outcome(2, kind="wrong", why="It ended without a finish reason."),
        made.outcome(3, kind="hung"),
    ]
    judged = verdict(made, outcomes, {"h": [made.call(0), made.call(0)]}, **expect)
    (check,) = [check for check in judged.checks if check.name == name]
    assert not judged.passed
    assert (check.met, check.wanted, check.found) == (False, wanted, found)


def test_examples_say_what_happened_and_are_few(made: Any) -> None:
    outcomes = [made.outcome(n, kind="wrong", why="It is not right.") for n in range(9)]
    (check,) = [check for check in verdict(made, outcomes).checks if check.name == "wrong_answers"]
    assert len(check.details) == 5
    assert check.details[0] == "Call 0 (openai, stream, main, 0.1 s): wrong. It is not right."


def test_numbers_have_no_more_digits_than_say_something() -> None:
    assert [shown(number) for number in (1, 0.25, 1 / 3, 12345.6)] == ["1", "0.25", "0.3333", "12346"]
