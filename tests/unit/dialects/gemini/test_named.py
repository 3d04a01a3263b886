"""What is kept under a name stands in a request by its name, and only where it is the same to the byte."""

from typing import Any

import msgspec
import pytest
from google.genai import types

from headworks.core.errors import ProviderError
from headworks.core.messages import Ask, Document, Message, Prompt, Target, Text, Tool, ToolChoice
from headworks.core.prefix import Cut, Kept, Marks, Named, Wish
from headworks.dialects.gemini import DIALECT
from headworks.dialects.gemini.named import read_kept
from headworks.dialects.protocols import WireRequest

TARGET = Target(name="m", provider="p", provider_model="gemini-9", dialect="gemini")
SYSTEM = Message("system", (Text("Be brief."),))
TALK = tuple(Message("user" if at % 2 == 0 else "assistant", (Text(f"Turn {at}"),)) for at in range(5))
DOCUMENTS = Message("user", (Document(text="One"), Document(text="Two"), Text("What?")))
TOOLS = (Tool(name="weather"),)
KEPT = b"""{"name": "cachedContents/a-1_b", "createTime": "2026-09-07T01:18:17.438678Z", "displayName": "",
"updateTime": "2026-09-07T01:18:17.438678Z", "expireTime": "2026-09-07T01:23:17.023637828Z", "model": "models/gemini-9",
"usageMetadata": {"totalTokenCount": 7021}}"""


def request(marks: Marks | None, *messages: Message, **fields: Any) -> WireRequest:
    prompt = Prompt(**{"messages": (SYSTEM, *messages), **fields})
    ask = Ask(trace_id="t", dialect="openai", kind="chat", model="m", fields={}, read_prompt=lambda: prompt)
    return DIALECT.request(ask, TARGET, marks)


def order(cut: Cut, *messages: Message, **fields: Any) -> Any:
    return request(Marks(wish=Wish(cut, "5m")), *messages, **fields).order


def named(cut: Cut, *messages: Message, **fields: Any) -> Named:
    made = order(cut, *messages, **fields)
    return Named("cachedContents/k", made.wish.cut, made.digest)


def body(wire: WireRequest) -> dict[str, Any]:
    read: dict[str, Any] = msgspec.json.decode(wire.body)
    return read


@pytest.mark.parametrize(
    ("cut", "messages", "contents", "turns"),
    [
        (Cut("system"), TALK, None, 0),
        (Cut("history"), TALK, 4, 4),
        (Cut("history", 2), TALK, 2, 2),
        (Cut("documents"), (DOCUMENTS,), 1, 0),
    ],
)
def test_what_is_ordered_and_what_is_left_to_say(
    cut: Cut, messages: tuple[Message, ...], contents: int | None, turns: int
) -> None:
    fields = {"tools": TOOLS, "tool_choice": ToolChoice("required"), "temperature": 0.5}
    made = order(cut, *messages, **fields)
    plain = body(request(Marks(), *messages, **fields))
    kept = msgspec.json.decode(made.body)
    assert (made.method, made.path, made.wish.cut) == ("POST", "/cachedContents", Cut(cut.upto, turns))
    assert (kept.pop("model"), kept.pop("ttl")) == ("models/gemini-9", "300s")
    types.CreateCachedContentConfig.model_validate(
        {"system_instruction": kept["systemInstruction"], "contents": kept.get("contents")}
    )
    assert {name: kept[name] for name in ("systemInstruction", "tools", "toolConfig")} == {
        name: plain[name] for name in ("systemInstruction", "tools", "toolConfig")
    }
    assert len(kept.get("contents", ())) == (contents or 0)

    wire = request(Marks(named=(Named("cachedContents/k", made.wish.cut, made.digest),)), *messages, **fields)
    said = body(wire)
    assert said["cachedContent"] == "cachedContents/k"
    assert set(said) == {"cachedContent", "contents", "generationConfig"}
    joined = [part for turn in [*kept.get("contents", []), *said["contents"]] for part in turn["parts"]]
    assert joined == [part for turn in plain["contents"] for part in turn["parts"]]
    assert wire.reference is not None
    assert wire.reference.name == "cachedContents/k"


def test_a_conversation_that_has_gone_on_names_what_it_was() -> None:
    kept = named(Cut("history"), *TALK[:3])
    assert [turn["parts"][0]["text"] for turn in body(request(Marks(named=(kept,)), *TALK))["contents"]] == [
        "Turn 2",
        "Turn 3",
        "Turn 4",
    ]


OTHERS: list[dict[str, Any]] = [
    {"tools": (Tool(name="other"),)},
    {"tool_choice": ToolChoice("none")},
    {"messages": (Message("system", (Text("Be brief!"),)), *TALK)},
    {"messages": (SYSTEM, Message("user", (Text("Turn 9"),)), *TALK[1:])},
    {"messages": (SYSTEM, *TALK[:3], Message("system", (Text("And polite."),)), *TALK[3:])},
    {"messages": (SYSTEM, TALK[0])},
]


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_not_the_same_is_said(other: dict[str, Any]) -> None:
    kept = named(Cut("history"), *TALK, tools=TOOLS)
    wire = request(Marks(named=(kept,)), *TALK, **({"tools": TOOLS} | other))
    assert "cachedContent" not in body(wire)
    assert wire.reference is None


def test_the_longest_that_fits_is_named_and_a_longer_one_may_be_ordered_besides() -> None:
    system, history = named(Cut("system"), *TALK), named(Cut("history", 2), *TALK)
    marks = Marks(named=(history, system), wish=Wish(Cut("history"), "1h"))
    wire = request(marks, *TALK)
    assert len(body(wire)["contents"]) == 3
    assert wire.order is not None
    assert msgspec.json.decode(wire.order.body)["ttl"] == "3600s"
    changed = (Message("user", (Text("Turn 9"),)), *TALK[1:])
    assert len(body(request(marks, *changed))["contents"]) == 5


def test_what_is_named_can_be_prolonged_and_nothing_else() -> None:
    kept = named(Cut("system"), *TALK)
    wish = Wish(kept.cut, "1h", kept.name)
    made = request(Marks(named=(kept,), wish=wish), *TALK).order
    assert made is not None
    assert (made.method, made.path) == ("PATCH", "/cachedContents/k?updateMask=ttl")
    assert msgspec.json.decode(made.body) == {"ttl": "3600s"}
    assert request(Marks(named=(kept,), wish=wish), *TALK, tools=TOOLS).order is None


@pytest.mark.parametrize(
    ("cut", "messages"),
    [
        (Cut("history"), TALK[:1]),
        (Cut("documents"), TALK[:1]),
        (Cut("documents"), TALK),
        (Cut("documents"), (Message("user", (Text("First"), Document(text="x"), Text("?"))),)),
        (Cut("documents"), (Message("user", (Document(text="x"),)),)),
    ],
)
def test_where_there_is_no_such_beginning_nothing_is_ordered(cut: Cut, messages: tuple[Message, ...]) -> None:
    assert order(cut, *messages) is None


def test_without_system_text_and_tools_there_is_no_beginning() -> None:
    assert order(Cut("system"), messages=(TALK[0],)) is None


OWN: list[dict[str, Any]] = [
    {"cached_content": "cachedContents/mine"},
    {"cachedContent": "cachedContents/mine"},
    {"extra_body": {"google": {"cached_content": "cachedContents/mine"}}},
]


@pytest.mark.parametrize("extra", OWN)
def test_a_clients_own_name_is_sent_as_it_is_and_none_of_ours(extra: dict[str, Any]) -> None:
    marks = Marks(named=(named(Cut("system"), *TALK),), wish=Wish(Cut("history"), "5m"))
    wire = request(marks, *TALK, extra=extra)
    assert body(wire)["cachedContent"] == "cachedContents/mine"
    assert "systemInstruction" in body(wire)
    assert (wire.reference, wire.order) == (None, None)


def says(message: str) -> bytes:
    return msgspec.json.encode({"error": {"code": 0, "message": message, "status": "X"}})


@pytest.mark.parametrize(
    ("status", "answer", "gone"),
    [
        (403, says("CachedContent not found (or permission denied)"), True),
        (404, says("Requested entity was not found: cachedContents/k"), True),
        (400, says("Cached content is expired."), True),
        (400, says("cached_content: invalid"), True),
        (403, says("The caller does not have permission"), False),
        (404, says("models/gemini-9 is not found"), False),
        (400, says("Invalid schema"), False),
        (500, says("CachedContent not found"), False),
        (429, says("CachedContent quota"), False),
        (403, b"<html>", False),
    ],
)
def test_which_error_says_that_nothing_is_kept(status: int, answer: bytes, *, gone: bool) -> None:
    reference = request(Marks(named=(named(Cut("system"), *TALK),)), *TALK).reference
    assert reference is not None
    assert reference.is_gone(status, answer) is gone


def test_an_answer_tells_the_name_the_tokens_and_how_long() -> None:
    kept = read_kept(KEPT)
    assert (kept.name, kept.tokens) == ("cachedContents/a-1_b", 7021)
    assert kept.life_s == pytest.approx(299.585, abs=0.001)
    assert read_kept(b'{"name": "cachedContents/x"}') == Kept("cachedContents/x")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"<html>",
        b"\xff",
        b"[" * 100_000,
        b'{"name": 1}',
        b'{"name": "cachedContents/../models"}',
        b'{"name": "cachedContents/a\\r\\nx: y"}',
        b'{"name": "other/a"}',
        b'{"name": "cachedContents/a", "expireTime": "soon"}',
        b'{"name": "cachedContents/a", "expireTime": "2026-09-07T01:23:17"}',
    ],
)
def test_an_answer_that_names_nothing_is_an_error(answer: bytes) -> None:
    with pytest.raises(ProviderError):
        read_kept(answer)
