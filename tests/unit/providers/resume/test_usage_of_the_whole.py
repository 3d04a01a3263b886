"""The client is told what its answer measures, not what the attempts did."""

from headworks.core.replies import Finished, Resumed, Started, TextDelta, Usage, UsageReported
from headworks.providers.resume import Delivered, Joiner

START = Started("id", "model")
FIRST = Usage(input_tokens=100, output_tokens=1, cached_tokens=60, cache_write_5m_tokens=10)
NEW = Usage(input_tokens=130, output_tokens=20, cached_tokens=120, cache_write_5m_tokens=9, reasoning_tokens=5)


def usage(mode, *reports, told=None, **counts):
    before = [START, *([UsageReported(told)] if told else []), TextDelta("Once upon a time")]
    joiner = Joiner(Delivered.of(before), mode, Resumed(attempt=2, mode=mode, model="m"), **counts)
    text = "Once upon a time there" if mode == "restart" else " there"
    events = joiner.feed([*map(UsageReported, reports), TextDelta(text), Finished("stop"), UsageReported(reports[-1])])
    return [event.usage for event in events if isinstance(event, UsageReported)][-1]


def test_a_restart_used_what_it_used():
    assert usage("restart", NEW, delivered_tokens=12) == NEW


def test_the_input_that_was_told_first_stays():
    restarted = usage("restart", NEW, told=FIRST)
    assert (restarted.input_tokens, restarted.cached_tokens, restarted.cache_write_5m_tokens) == (100, 60, 10)
    assert (restarted.output_tokens, restarted.reasoning_tokens, restarted.estimated) == (20, 5, False)


def test_an_input_that_grew_by_searches_is_told_anew():
    searched = Usage(input_tokens=900, output_tokens=20, web_searches=2)
    assert usage("restart", searched, told=FIRST) == searched


def test_a_continuation_adds_to_what_was_delivered():
    whole = usage("prefill", NEW, told=FIRST, delivered_tokens=12)
    assert (whole.input_tokens, whole.output_tokens, whole.cached_tokens) == (100, 32, 60)
    assert whole.estimated
    searched = usage("continue", Usage(web_searches=1), told=Usage(input_tokens=1, web_searches=2))
    assert (searched.web_searches, searched.estimated) == (3, False)


def test_an_unknown_input_is_the_new_one_without_what_came_after_the_question():
    whole = usage("continue", NEW, delivered_tokens=12, extra_tokens=18)
    assert (whole.input_tokens, whole.output_tokens, whole.estimated) == (100, 32, True)
    assert whole.cached_tokens + whole.cache_write_tokens <= whole.input_tokens
    assert usage("continue", Usage(input_tokens=5, output_tokens=1), delivered_tokens=12).input_tokens == 1
