"""What comes back: values restored, finds covered or refused, bytes passed on where nothing is changed."""

import pytest
from tests.unit.safety.calls import ask, guarded, read, reply, said, text_of

from headworks.core.errors import RefusedError
from headworks.core.messages import Citation
from headworks.core.replies import (
    Chunk,
    CitationAdded,
    Finished,
    LogprobsDelta,
    Reply,
    TextDelta,
    ThinkingDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
)
from headworks.safety import Opinion, Verdict

PROMPT = "You are Ada. Never tell the discount code. Be brief and friendly, and do not speak of other banks at all."


async def _into(sent: list[str], given: Reply) -> None:
    async for chunk in given.chunks:
        sent += [event.text for event in chunk.events if isinstance(event, TextDelta)]


async def test_values_come_back_in_texts_and_in_arguments() -> None:
    guard = guarded({"pii": "redact"})
    await guard.before(said("I am bob@example.com"))
    given = reply(
        TextDelta("Dear [EMA"),
        TextDelta("IL_1], done."),
        ToolCallStarted(slot=0, id="c", name="send"),
        ToolArgumentsDelta(0, '{"to":"[EMAIL'),
        ToolArgumentsDelta(0, '_1]"}'),
        Finished("tool_calls"),
    )
    events = await read(guard.after(given))
    assert "".join(one.text for one in events if isinstance(one, TextDelta)) == "Dear bob@example.com, done."
    assert "".join(one.fragment for one in events if isinstance(one, ToolArgumentsDelta)) == '{"to":"bob@example.com"}'
    assert [type(one) for one in events].index(ToolCallStarted) > [type(one) for one in events].index(TextDelta)


async def test_values_come_back_in_citations_and_never_in_reasoning() -> None:
    guard = guarded({"pii": "redact"})
    await guard.before(said("I am bob@example.com"))
    cited = CitationAdded(Citation(title="of [EMAIL_1]", wire={"title": "of [EMAIL_1]"}))
    events = await read(guard.after(reply(ThinkingDelta("[EMAIL_1] asks"), cited, Finished("stop"))))
    assert "".join(one.text for one in events if isinstance(one, ThinkingDelta)) == "[EMAIL_1] asks"
    assert [one.citation.title for one in events if isinstance(one, CitationAdded)] == ["of bob@example.com"]


async def test_a_reply_that_nothing_is_checked_of_is_the_very_same() -> None:
    guard = guarded({"injection": "block"})
    await guard.before(said("Hello"))
    given = reply(TextDelta("hi"))
    assert guard.after(given) is given


async def test_a_whole_answer_in_which_nothing_is_found_keeps_its_bytes() -> None:
    body = Chunk([TextDelta("All is well, 12 AB"), Finished("stop")], raw=b"{}")
    chunks = [chunk async for chunk in guarded("standard").after(reply(body, streamed=False)).chunks]
    assert chunks == [body]
    assert chunks[0].raw == b"{}"


async def test_an_answer_is_covered_and_its_verdicts_say_where() -> None:
    verdicts: list[Verdict] = []
    guard = guarded({"secrets": "redact"}, verdicts)
    text = "The key is AKIAIOSFODNN7EXAMPLE, keep it."
    assert (
        await text_of(guard.after(reply(*map(TextDelta, text), Finished("stop")))) == "The key is [AWS_KEY], keep it."
    )
    assert [(one.check, one.side, one.start, one.end) for one in verdicts] == [("secrets", "answer", 11, 31)]
    assert "AKIA" not in repr(verdicts)


async def test_a_block_ends_the_stream_and_nothing_of_the_find_was_sent() -> None:
    guard = guarded({"words": ["very bad thing"]})
    sent: list[str] = []
    with pytest.raises(RefusedError, match="The answer") as refusal:
        await _into(sent, guard.after(reply(*map(TextDelta, "Well, a very bad thing happened"))))
    assert "".join(sent) == "Well, a "
    assert refusal.value.code == "content_policy_violation"


async def test_a_stream_that_ends_without_a_finish_gives_what_was_held() -> None:
    assert await text_of(guarded({"pii": "redact"}).after(reply(TextDelta("held")))) == "held"


async def test_log_probabilities_do_not_tell_what_is_held_back() -> None:
    events = await read(guarded({"secrets": "redact"}).after(reply(TextDelta("x "), LogprobsDelta([{"token": "x"}]))))
    assert not any(isinstance(event, LogprobsDelta) for event in events)


async def test_choices_are_told_apart() -> None:
    given = reply(TextDelta("AKIAIOSFOD", 0), TextDelta("other ", 1), TextDelta("NN7EXAMPLE ", 0), Finished("stop", 0))
    events = await read(guarded({"secrets": "redact"}).after(given))
    assert "".join(one.text for one in events if isinstance(one, TextDelta) and one.choice == 0) == "[AWS_KEY] "
    assert "".join(one.text for one in events if isinstance(one, TextDelta) and one.choice == 1) == "other "


async def test_arguments_stay_json_where_a_find_follows_an_escape() -> None:
    given = reply(ToolArgumentsDelta(0, '{"t":"a\\nbob@example.com"}'), Finished("tool_calls"))
    events = await read(guarded({"pii": "redact"}).after(given))
    assert events[0] == ToolArgumentsDelta(0, '{"t":"a\\n[EMAIL]"}')


async def test_the_system_prompt_does_not_come_back() -> None:
    guard = guarded({"leakage": {"action": "block", "words": 8}})
    await guard.before(ask({"messages": [{"role": "system", "content": PROMPT}, {"role": "user", "content": "hi"}]}))
    text = "My rules say: never tell the discount code, be brief and friendly."
    sent: list[str] = []
    with pytest.raises(RefusedError, match="`leakage`"):
        await _into(sent, guard.after(reply(*map(TextDelta, text), Finished("stop"))))
    assert "".join(sent) in ("My rules ", "My rules say: ")


async def test_a_classifier_outside_sees_an_answer_before_the_client_does() -> None:
    async def judge(text: str, side: str) -> Opinion:
        return Opinion(1.0 if "boom" in text else 0.0)

    guard = guarded({"outside": {"mod": {"side": "answer", "window_characters": 50}}}, mod=judge)
    assert (
        await text_of(guard.after(reply(TextDelta("calm " * 20), TextDelta("end"), Finished("stop"))))
        == "calm " * 20 + "end"
    )
    guard = guarded({"outside": {"mod": {"side": "answer", "window_characters": 50}}}, mod=judge)
    sent: list[str] = []
    with pytest.raises(RefusedError):
        await _into(sent, guard.after(reply(*map(TextDelta, "calm " * 20 + "boom"), Finished("stop"))))
    assert 0 < len("".join(sent)) <= 100


async def test_a_whole_answer_of_several_attempts_is_read_as_one_text() -> None:
    guard = guarded({"pii": "redact"})
    await guard.before(said("I am bob@example.com"))
    body = Chunk([TextDelta("Dear [EMA"), TextDelta("IL_1]"), TextDelta("of 1", 1), Finished("stop")], raw=b"{}")
    events = await read(guard.after(reply(body, streamed=False)))
    assert events[:2] == [TextDelta("Dear bob@example.com"), TextDelta("of 1", 1)]
