"""Whether every call is on record as it was: each attempt, the tokens that providers told, their price.

Records are held against the other side's books: what the fakes received, and what they told. Where a provider could not
tell, because its answer was cut or it never tells, the record may only be an estimate, and is not compared. A call that
a provider hung up on without a byte may be one that was sent on a connection found closed, and sent again; it need not
be on record, and costs nothing.
"""

from collections.abc import Iterator
from typing import Any

from headworks.core.messages import Prices
from headworks.core.replies import Usage
from headworks.drills.course import Course
from headworks.drills.load.calling import Outcome
from headworks.testing import Call

Record = dict[str, Any]


def discrepancies(course: Course) -> list[str]:
    """What is not right about the records, a sentence each."""
    if course.records is None:
        return ["The records could not be read."]
    received = {provider: course.calls_for(provider) for provider in course.calls}
    unreliable = {event.provider for event in course.happened if event.down}
    found: list[str] = []
    for outcome in course.outcomes:
        found += [
            f"Call {outcome.question.number}: {sentence}" for sentence in _of(course, outcome, received, unreliable)
        ]
    return found


def _of(
    course: Course, outcome: Outcome, received: dict[str, dict[int, list[Call]]], unreliable: set[str]
) -> Iterator[str]:
    if outcome.trace_id is None:
        if outcome.kind != "hung":
            yield "its answer named no trace."
        return
    record = (course.records or {}).get(outcome.trace_id)
    if record is None:
        yield f"there is no record {outcome.trace_id}."
        return
    yield from _sums(record)
    for provider, by_number in received.items():
        calls = by_number.get(outcome.question.number, [])
        attempts = [attempt for attempt in record["attempts"] if attempt["provider"] == provider]
        answered = [call for call in calls if call.bytes_sent or call.cancelled]
        if len(answered) > len(attempts) or (len(calls) < len(attempts) and provider not in unreliable):
            yield f"`{provider}` received {len(calls)} calls, and {len(attempts)} attempts are on record."
        calls = answered if len(answered) == len(attempts) else calls
        if len(calls) == len(attempts):
            for call, attempt in zip(calls, attempts, strict=True):
                yield from _attempt(call, attempt, course.cast.prices.get((provider, attempt["model"])))
    yield from _client(outcome, [call for by in received.values() for call in by.get(outcome.question.number, [])])


def _sums(record: Record) -> Iterator[str]:
    attempts = record["attempts"]
    tokens = sum(attempt["tokens"] for attempt in attempts)
    if tokens != record["total_tokens"]:
        yield f"its attempts have {tokens} tokens, the record {record['total_tokens']}."
    costs = [attempt["cost_nano"] for attempt in attempts]
    if None not in costs and sum(costs) != record["cost_nano"]:
        yield f"its attempts cost {sum(costs)} nano-dollars, the record says {record['cost_nano']}."


def _attempt(call: Call, attempt: Record, prices: Prices | None) -> Iterator[str]:
    where = f"an attempt at `{attempt['provider']}`"
    if call.status is not None and call.status >= 400:
        if attempt["tokens"] or attempt["cost_nano"]:
            yield f"{where} was refused with {call.status}, and {attempt['tokens']} tokens are on record."
        return
    if call.told is None or attempt["status"] != "ok":
        return
    if attempt["tokens"] != call.told.total_tokens:
        yield f"{where} told {call.told.total_tokens} tokens, and {attempt['tokens']} are on record."
    elif prices is not None and attempt["cost_nano"] != _cost(call.told, prices):
        yield f"{where} cost {_cost(call.told, prices)} nano-dollars, and {attempt['cost_nano']} are on record."


def _cost(usage: Usage, prices: Prices) -> int:
    return usage.input_tokens * prices.input + usage.output_tokens * prices.output


def _client(outcome: Outcome, calls: list[Call]) -> Iterator[str]:
    """Clients must be told what their answer used, where whoever ended it told; just that, if it was alone."""
    if outcome.kind != "whole" or not calls or calls[-1].told is None:
        return
    if outcome.heard.output_tokens is None:
        yield "its client was not told what it used, and the provider told."
        return
    usage = calls[-1].told
    told = (usage.input_tokens, usage.output_tokens)
    heard = (outcome.heard.input_tokens, outcome.heard.output_tokens)
    if len(calls) == 1 and told != heard:
        yield f"its client was told {heard[0]} and {heard[1]} tokens, the provider told {told[0]} and {told[1]}."
