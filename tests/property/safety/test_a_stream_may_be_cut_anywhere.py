"""However an answer is cut into chunks, the client reads the same."""

import asyncio
import json
from collections.abc import AsyncIterator

from hypothesis import example, given, settings
from hypothesis import strategies as st

from headworks.core.errors import RefusedError
from headworks.core.messages import Route, Target
from headworks.core.replies import Chunk, Event, Finished, Reply, TextDelta, ToolArgumentsDelta, ToolCallStarted
from headworks.safety import Safety, SafetySettings, Verdict, policy
from headworks.safety.acting import Actor
from headworks.safety.answers.window import Window
from headworks.safety.checks.encoding import Encoding
from headworks.safety.checks.leakage import Leakage
from headworks.safety.checks.links import Links
from headworks.safety.checks.patterns import Patterns
from headworks.safety.checks.personal import PersonalData
from headworks.safety.checks.secrets import Secrets
from headworks.safety.checks.words import Words
from headworks.safety.pii.vault import Vault
from headworks.safety.policy import Check, Policy

PROMPT = "alpha beta gamma delta epsilon zeta alpha beta eta theta iota kappa"
TARGET = Target(name="m", provider="p", provider_model="m", dialect="openai")
PIECES = st.sampled_from(
    [
        "bob.smith@example.com", "4111 1111 1111 1111", "4111111111111111", "DE89 3704 0044 0532 0130 00",
        "+49 170 1234567",
        "10.0.0.1", "2001:db8::1", "00:1B:44:11:3A:B7", "123-45-6789", "AKIAIOSFODNN7EXAMPLE", "ghp_" + "a1B2" * 9,
        "password: hunter2-X9z", "![x](https://evil.example/a?q=1)", "[text](javascript:alert)",
        "<img src=https://e.example/x>",
        "very bad thing", "very", "bad", "bad thing", "[EMAIL_1]",
        "[CARD_2", "[", "]", "]]", "a", "A1 ", "I", "the house is",
        " ", "\n", ",", ".", "@", "-", "12", "x1", "ORDER-77", "é", "日本", "\u200b", "SECRET7", "sk-", "!", "(", ")",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----",
        "https://10.0.0.1/x", "b\u200bad thing",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=14).map("".join)
CUTS = st.lists(st.integers(1, 12), min_size=1, max_size=30)


def checks(action: str = "redact") -> list[Check]:
    detectors = {
        "secrets": Secrets(),
        "pii": PersonalData(),
        "words": Words({"WORD": ["very bad thing", "bad thing"]}),
        "patterns": Patterns({"ORDER": r"ORDER-\d\d"}, 20),
        "links": Links(frozenset({"good.example"})),
    }
    return [Check(name=name, detector=one, action=action, reversible=name == "pii") for name, one in detectors.items()]  # type: ignore[arg-type]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*PROMPT.split(), "and", ".", "x", "beta"]), max_size=30), CUTS)
def test_no_word_of_a_leak_is_sent_before_it_is_found(words: list[str], sizes: list[int]) -> None:
    text = " ".join(words)
    leak = Leakage(PROMPT, 6)
    check = Check(name="leakage", detector=leak, action="replace", replacement="-")
    found = leak.find(text)
    wanted, at = "", 0
    for one in found:
        wanted, at = wanted + text[at : one.start] + "-", one.end
    window = Window([check], Actor(Policy(version="1"), "answer", lambda _: None), Vault())
    out = "".join([*(window.feed(piece) for piece in cut(text, sizes)), window.feed("", last=True)])
    assert out == wanted + text[at:]


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces, at, turn = [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        pieces.append(text[at : at + size])
        at, turn = at + size, turn + 1
    return pieces


def through(text: str, sizes: list[int]) -> str:
    window = Window(checks(), Actor(Policy(version="1"), "answer", lambda _: None), Vault())
    return "".join([*(window.feed(piece) for piece in cut(text, sizes)), window.feed("", last=True)])


@settings(max_examples=400, deadline=None)
@given(TEXTS, CUTS)
@example("4111 1111 1111 1111 DE89 3704 0044 0532 0130 00", [1])
def test_what_is_found_does_not_depend_on_the_cuts(text: str, sizes: list[int]) -> None:
    assert through(text, sizes) == through(text, [10**6])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_what_was_covered_is_restored_whatever_the_cuts(data: st.DataObject) -> None:
    kinds = st.sampled_from(["EMAIL", "CARD", "PHONE", "FR_NIR"])
    vault = Vault()
    values = data.draw(st.lists(st.tuples(kinds, st.text(min_size=1, max_size=30)), min_size=1, max_size=8))
    tokens = [(vault.token(kind, value), value) for kind, value in values]
    known = dict(reversed([(token, value) for token, value in tokens]))
    fill = st.text(st.characters(exclude_characters="[]"), max_size=12)
    parts = data.draw(st.lists(st.one_of(fill, st.sampled_from(sorted(known))), max_size=12))
    answer, wanted = "".join(parts), "".join(known.get(part, part) for part in parts)

    async def read() -> str:
        events = [TextDelta(piece) for piece in cut(answer, data.draw(CUTS))]
        reply = await screened(vault, [*events, Finished("stop")])
        return "".join(event.text for event in reply if isinstance(event, TextDelta))

    assert asyncio.run(read()) == wanted


async def screened(vault: Vault, events: list[Event], settings_: dict[str, object] | None = None) -> list[Event]:
    """What a client is given of a stream of these events."""
    made = policy(SafetySettings.model_validate(settings_ or {"pii": {"action": "redact", "answer": "allow"}}))
    assert made is not None
    route = Route(feature="f", query_type="simple", targets=(TARGET,))
    guard = Safety({"f": made}).guard(route, lambda _: None)
    guard._vault = vault  # type: ignore[union-attr]  what `before` leaves behind
    reply = guard.after(Reply(target=TARGET, streamed=True, chunks=chunks(events)))
    return [event async for chunk in reply.chunks for event in chunk.events]


async def chunks(events: list[Event]) -> AsyncIterator[Chunk]:
    for event in events:
        yield Chunk([event], raw=b"as sent")


@settings(max_examples=200, deadline=None)
@given(CUTS, st.text(max_size=20))
def test_arguments_of_calls_stay_json_with_the_values_back_in(sizes: list[int], odd: str) -> None:
    vault = Vault()
    token = vault.token("EMAIL", f'"quoted" {odd}')
    text = f'{{"to":"{token}","n":1}}'
    events: list[Event] = [ToolCallStarted(slot=0, id="c", name="send")]
    events += [ToolArgumentsDelta(0, piece) for piece in cut(text, sizes)]
    read = asyncio.run(screened(vault, [*events, Finished("tool_calls")]))
    said = "".join(event.fragment for event in read if isinstance(event, ToolArgumentsDelta))
    assert json.loads(said) == {"to": f'"quoted" {odd}', "n": 1}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["nice", "very", "bad", "thing", " ", ", ", "a", "\n"]), max_size=20), CUTS)
def test_of_a_blocked_phrase_not_one_word_is_sent(parts: list[str], sizes: list[int]) -> None:
    text = "".join(parts)
    sent, seen = [], []

    async def read() -> bool:
        try:
            made = policy(SafetySettings.model_validate({"words": ["very bad thing"]}))
            assert made is not None
            route = Route(feature="f", query_type="simple", targets=(TARGET,))
            guard = Safety({"f": made}).guard(route, seen.append)
            events: list[Event] = [TextDelta(piece) for piece in cut(text, sizes)]
            reply = guard.after(Reply(target=TARGET, streamed=True, chunks=chunks([*events, Finished("stop")])))
            async for chunk in reply.chunks:
                sent.extend(event.text for event in chunk.events if isinstance(event, TextDelta))
        except RefusedError:
            return True
        return False

    found = Words({"W": ["very bad thing"]}).find(text)
    assert asyncio.run(read()) == bool(found)
    out = "".join(sent)
    assert out == (text[: len(out)] if found else text)
    assert not found or len(out) <= found[0].start
    assert all(isinstance(verdict, Verdict) for verdict in seen)


@settings(max_examples=200, deadline=None)
@given(TEXTS, CUTS)
def test_hidden_signs_are_found_whatever_the_cuts_when_each_counts(text: str, sizes: list[int]) -> None:
    encoding = Encoding()
    window = Window(
        [Check(name="encoding", detector=encoding, action="redact")],
        Actor(Policy(version="1"), "answer", lambda _: None),
        Vault(),
    )
    marked = text.replace("a", "a\u202e")
    out = "".join([*(window.feed(piece) for piece in cut(marked, sizes)), window.feed("", last=True)])
    assert "\u202e" not in out
