"""A stream that breaks anywhere and goes on with another attempt is one stream to the official SDKs."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.resume.conftest import SEAM, TEXTS, calls_of, cut, said, sized, text_of, tool_calls
from tests.property.resume.readers import (
    FACTS,
    OWN_ID,
    Sdk,
    check_chunk_stream,
    check_message_stream,
    native,
    writer,
)

from headworks.core.replies import (
    Chunk,
    Finished,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    Usage,
    UsageReported,
)
from headworks.providers.resume import Delivered, Joiner

USAGE = UsageReported(Usage(input_tokens=11, output_tokens=22))
CALLS = [("weather", '{"city": "Zürich 🏔"}'), ("weather", '{"city": "東京"}'), ("time", "{}")]
THOUGHT = [*(ThinkingDelta(piece) for piece in sized("Überlegen: 考える 🤔.", 3)), ThinkingSealed(signature="proof")]
KINDS = {
    "text": [*said(sized(TEXTS["emoji"], 6)), Finished("stop")],
    "thinking": [*THOUGHT, *said(sized("So: नमस्ते.", 3)), Finished("stop")],
    "tools": [*said(["Let me ", "look."]), *tool_calls(CALLS), Finished("tool_calls")],
    "thinking then tools": [*THOUGHT, *tool_calls(CALLS[:1], 4), Finished("tool_calls")],
}
PROVIDERS = ["openai", "anthropic", "gemini"]
SEAM_LINE = b': headworks-seam {"attempt":2,"mode":"restart","model":"other"}\n\n'


@pytest.fixture(scope="module")
def sdk():
    made = Sdk()
    yield made
    made.close()


def answer(kind, stream_id="first-id", *, seals=True):
    said = [event for event in KINDS[kind] if seals or not isinstance(event, ThinkingSealed)]
    return [Started(stream_id, "real"), *said, USAGE]


def broken_and_resumed(out, chunks, again, mode="restart"):
    """What a client is sent when only `chunks` came, and then `again`, events in lists."""
    sent = b"".join(out.step(chunk) for chunk in chunks)
    joiner = Joiner(Delivered.of(event for chunk in chunks for event in chunk.events), mode, SEAM)
    sent += b"".join(out.step(Chunk(joiner.feed(events))) for events in again)
    return sent + out.step(Chunk(joiner.end(), last=True)) + out.tail(FACTS)


def unfinished(chunks):
    """How many chunks of the stream may come before it breaks with something missing."""
    return next(n for n, chunk in enumerate(chunks) if any(isinstance(event, Finished) for event in chunk.events))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_anthropic_client_has_one_message_wherever_it_broke(sdk, provider, kind):
    seals = provider != "openai"  # such providers have none
    chunks = native(provider, answer(kind, seals=seals))
    out = writer("anthropic", provider)
    expected = sdk.message(b"".join(out.step(chunk) for chunk in chunks) + out.tail(FACTS))
    assert expected.content
    for place in range(unfinished(chunks) + 1):
        again = [[event] for event in answer(kind, "second-id", seals=seals)]
        sent = broken_and_resumed(writer("anthropic", provider), chunks[:place], again)
        check_message_stream(sent)
        message = sdk.message(sent)
        assert (message.content, message.stop_reason) == (expected.content, expected.stop_reason)
        assert message.usage.output_tokens == 22
        assert message.id == ("second-id" if not chunks[:place] else "first-id")
        assert sent.count(SEAM_LINE) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_openai_client_has_one_completion_wherever_it_broke(sdk, provider, kind):
    seals = provider != "openai"  # such providers have none
    chunks = native(provider, answer(kind, seals=seals))
    out = writer("openai", provider)
    expected = sdk.completion(b"".join(out.step(chunk) for chunk in chunks) + out.tail(FACTS))
    for place in range(unfinished(chunks) + 1):
        again = [[event] for event in answer(kind, "second-id", seals=seals)]
        sent = broken_and_resumed(writer("openai", provider), chunks[:place], again)
        check_chunk_stream(sent)
        completion = sdk.completion(sent)
        (choice,), (wanted,) = completion.choices, expected.choices
        assert choice.finish_reason == wanted.finish_reason
        assert choice.message.model_dump() == wanted.message.model_dump()
        assert completion.usage.completion_tokens == 22
        assert completion.id == (expected.id if place else OWN_ID.decode())
        assert sent.count(SEAM_LINE) == 1


@pytest.mark.parametrize("script", TEXTS)
def test_a_legacy_completion_goes_on_too(script):
    whole = TEXTS[script]
    events = [Started("cmpl-first", "real"), *said(sized(whole, 7)), Finished("stop"), USAGE]
    chunks = native("openai", events, client="completions")
    for place in range(1, unfinished(chunks) + 1):
        had = text_of(event for chunk in chunks[:place] for event in chunk.events)
        mode = "prefill" if len(had) > 3 else "restart"
        rest = whole[len(had.rstrip()) :] if mode == "prefill" else whole
        again = [[Started("x", "y")], *([event] for event in said(sized(rest, 5))), [Finished("stop"), USAGE]]
        sent = broken_and_resumed(writer("completions", "openai"), chunks[:place], again, mode)
        told = [choice for chunk in check_chunk_stream(sent) for choice in chunk["choices"]]
        assert "".join(choice["text"] for choice in told) == whole


@settings(deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("client", ["openai", "anthropic"])
def test_any_pieces_any_number_of_breaks_any_providers(sdk, client, data):
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    seals = data.draw(st.booleans())
    providers = st.sampled_from(["anthropic", "gemini"] if seals else PROVIDERS)
    provider = data.draw(providers)
    chunks = native(provider, answer(kind, seals=seals))
    place = data.draw(st.integers(0, unfinished(chunks)))
    out = writer(client, provider)
    sent = b"".join(out.step(chunk) for chunk in chunks[:place])
    delivered = Delivered.of(event for chunk in chunks[:place] for event in chunk.events)
    for _ in range(data.draw(st.integers(0, 3))):
        again = native(data.draw(providers), answer(kind, "another-id", seals=seals))
        joiner = Joiner(delivered, "restart", SEAM)
        for chunk in again[: data.draw(st.integers(0, unfinished(again)))]:
            events = joiner.feed(chunk.events)
            sent += out.step(Chunk(events))
            delivered.add(events)
    last = answer(kind, "last-id", seals=seals)
    joiner = Joiner(delivered, "restart", SEAM)
    for events in cut(last, data.draw(st.sets(st.integers(0, len(last))))):
        sent += out.step(Chunk(joiner.feed(events)))
    sent += out.step(Chunk(joiner.end(), last=True)) + out.tail(FACTS)
    if client == "anthropic":
        check_message_stream(sent)
        heard = sdk.message(sent)
        text = "".join(block.text for block in heard.content if block.type == "text")
        calls = [block.name for block in heard.content if block.type == "tool_use"]
        signatures = [block.signature for block in heard.content if block.type == "thinking"]
        assert signatures == (["proof" if seals else ""] if kind.startswith("thinking") else [])
    else:
        check_chunk_stream(sent)
        heard = sdk.completion(sent).choices[0].message
        text = heard.content or ""
        calls = [call.function.name for call in heard.tool_calls or ()]
    assert text == text_of(last)
    assert calls == [name for name, _ in calls_of(last)]


@pytest.mark.parametrize("client", ["openai", "anthropic"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_another_thought_stands_in_a_block_of_its_own(sdk, client, provider):
    """A signature is never told for words that the client does not have whole, in that block."""
    other = [Started("x", "y"), ThinkingDelta("Anders "), ThinkingDelta("gedacht."), ThinkingSealed(signature="other")]
    again = [[event] for event in [*other, TextDelta("So."), Finished("stop"), USAGE]]
    chunks = native(provider, answer("thinking"))
    for place in range(1, next(n for n, c in enumerate(chunks) if any(isinstance(e, TextDelta) for e in c.events))):
        sent = broken_and_resumed(writer(client, provider), chunks[:place], again)
        if client == "anthropic":
            check_message_stream(sent)
            blocks = [(b.thinking, b.signature) for b in sdk.message(sent).content if b.type == "thinking"]
        else:
            deltas = [choice["delta"] for chunk in check_chunk_stream(sent) for choice in chunk["choices"]]
            told = itertools.chain.from_iterable(delta.get("thinking_blocks", ()) for delta in deltas)
            blocks = [(block["thinking"], block["signature"]) for block in told]
        assert blocks[-1] == ("Anders gedacht.", "other")
        assert all(signature in ("", "proof") for _, signature in blocks[:-1])
        assert all(thought == "Überlegen: 考える 🤔." for thought, signature in blocks if signature == "proof")


def test_every_choice_is_greeted_once():
    events = [Started("first-id", "real")]
    for piece in sized("abcdef", 1):
        events += [TextDelta(piece, 0), TextDelta(piece, 1), TextDelta(piece, 2)]
    whole = [*events, *(Finished("stop", number) for number in range(3)), USAGE]
    chunks = native("openai", whole, n=3)
    for place in range(1, len(chunks) - 6):
        sent = broken_and_resumed(writer("openai", "openai", n=3), chunks[:place], [[event] for event in whole])
        chunked = check_chunk_stream(sent)
        for index in range(3):
            own = [choice for chunk in chunked for choice in chunk["choices"] if choice["index"] == index]
            assert "".join(choice["delta"].get("content", "") for choice in own) == "abcdef"
