"""The figures of a drill, as they are reported and as expectations are held against them."""

from collections.abc import Sequence
from itertools import accumulate

from msgspec import Struct

from headworks.drills.course import Course
from headworks.drills.load.calling import Outcome

BACK_SHARE = 0.9
"""Home is back when it answers so large a share of the calls."""


class Spread(Struct, frozen=True):
    """Percentiles of a figure; zeros when there is nothing to take them of."""

    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    max: float = 0.0


class Figures(Struct, frozen=True, kw_only=True):
    """Figures of one drill. Times in the units of their names; None where there is nothing to measure.

    Attributes:
        calls: Calls of clients.
        whole: Right answers.
        wrong: Answers that look whole and are not.
        errors: Clear errors.
        broken: Answers that ended as neither.
        hung: Calls that were not over in time.
        error_codes: How often each code was told.
        latency_s: From asking to the end of a whole answer.
        added_latency_ms: The same, beyond what the answer takes straight from a provider.
        provider_calls: What each provider received.
        calls_per_answer: Provider calls for each whole answer.
        home_share: Share of whole answers that home gave.
        spare_share: Share of whole answers that spare providers gave.
        most_home_calls: Most calls that home received for one question.
        most_spare_calls: Most that spare providers received for one question.
        attempts: Most attempts that an answer reported.
        seams: Streams that were resumed.
        failover_s: From the trouble's beginning to the first whole answer from elsewhere.
        noticed_s: From there until home has one call at a time at most.
        return_s: From the trouble's end until home answers nine calls of ten.
        cost_usd: Of all calls, as recorded; None when a record has no price, or none was read.
    """

    calls: int
    whole: int
    wrong: int
    errors: int
    broken: int
    hung: int
    error_codes: dict[str, int]
    latency_s: Spread
    added_latency_ms: Spread
    provider_calls: dict[str, int]
    calls_per_answer: float | None
    home_share: float | None
    spare_share: float | None
    most_home_calls: int
    most_spare_calls: int
    attempts: int
    seams: int
    failover_s: float | None
    noticed_s: float | None
    return_s: float | None
    cost_usd: float | None


def figures(course: Course) -> Figures:
    """The figures of a drill."""
    kinds = [outcome.kind for outcome in course.outcomes]
    whole, cast = course.whole, course.cast
    received = {name: len(calls) for name, calls in course.calls.items() if calls}
    return Figures(
        calls=len(kinds),
        whole=kinds.count("whole"),
        wrong=kinds.count("wrong"),
        errors=kinds.count("error"),
        broken=kinds.count("broken"),
        hung=kinds.count("hung"),
        error_codes=_codes(course.outcomes),
        latency_s=spread([outcome.ended_s - outcome.begun_s for outcome in whole]),
        added_latency_ms=spread([_added_ms(course, outcome) for outcome in whole]),
        provider_calls=received,
        calls_per_answer=sum(received.values()) / len(whole) if whole else None,
        home_share=_served(whole, cast.homes),
        spare_share=_served(whole, cast.spares),
        most_home_calls=_most(course, cast.homes),
        most_spare_calls=_most(course, cast.spares),
        attempts=max((outcome.attempts or 0 for outcome in course.outcomes), default=0),
        seams=sum(1 for outcome in course.outcomes if outcome.heard.seams),
        failover_s=_failover_s(course),
        noticed_s=_noticed_s(course),
        return_s=_return_s(course),
        cost_usd=_cost_usd(course),
    )


def spread(values: Sequence[float]) -> Spread:
    """Percentiles, each the smallest value that so large a share of the values does not exceed."""
    if not values:
        return Spread()
    ordered = sorted(values)
    at = [ordered[min(len(ordered) - 1, -(-len(ordered) * percent // 100) - 1)] for percent in (50, 95, 99)]
    return Spread(*(round(value, 6) for value in (*at, ordered[-1])))


def _codes(outcomes: list[Outcome]) -> dict[str, int]:
    codes = [outcome.heard.error_code or "" for outcome in outcomes if outcome.kind == "error"]
    return {code: codes.count(code) for code in sorted(set(codes))}


def _added_ms(course: Course, outcome: Outcome) -> float:
    straight = course.straight_ms.get((outcome.question.client, outcome.question.stream), 0.0)
    return (outcome.ended_s - outcome.begun_s) * 1000 - straight


def _served(whole: list[Outcome], providers: frozenset[str]) -> float | None:
    return sum(1 for outcome in whole if outcome.provider in providers) / len(whole) if whole else None


def _most(course: Course, providers: frozenset[str]) -> int:
    found: dict[int, int] = {}
    for provider in providers:
        for number, calls in course.calls_for(provider).items():
            found[number] = found.get(number, 0) + len(calls)
    return max(found.values(), default=0)


def _failover_s(course: Course) -> float | None:
    if course.trouble is None:
        return None
    begun_s, _ = course.trouble
    elsewhere = [outcome.ended_s for outcome in course.whole if outcome.provider not in course.cast.homes]
    return min((ended_s - begun_s for ended_s in elsewhere if ended_s >= begun_s), default=None)


def _noticed_s(course: Course) -> float | None:
    """Seconds from the trouble's beginning until the last call that home received while it had another."""
    if course.trouble is None:
        return None
    begun_s, ended_s = course.trouble
    last_s = begun_s
    for provider in course.cast.homes:
        spans = [course.seconds(call) for call in course.calls[provider]]
        within = sorted(span for span in spans if span[0] >= begun_s and (ended_s is None or span[0] < ended_s))
        ends = accumulate((end for _, end in within), max)
        for (came_s, _), busy_until_s in zip(within[1:], ends, strict=False):
            if came_s < busy_until_s:
                last_s = max(last_s, came_s)
    return last_s - begun_s


def _return_s(course: Course) -> float | None:
    """Seconds from the trouble's end to the first call from which on home answers nearly all."""
    if course.trouble is None or course.trouble[1] is None:
        return None
    ended_s = course.trouble[1]
    later = [outcome for outcome in course.outcomes if outcome.begun_s >= ended_s]
    home, found = 0, None
    for count, outcome in enumerate(reversed(later), 1):
        home += outcome.kind == "whole" and outcome.provider in course.cast.homes
        if home >= BACK_SHARE * count:
            found = outcome.begun_s - ended_s
    return found


def _cost_usd(course: Course) -> float | None:
    if course.records is None:
        return None
    costs = [record.get("cost_nano") for record in course.records.values()]
    return None if None in costs else sum(cost for cost in costs if cost is not None) / 1e9
