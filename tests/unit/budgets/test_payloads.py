"""Replies as providers send them, read by the real dialects and priced to the nano-dollar.

The cases are data (`payloads/*.json`): the reply or the events of a stream, where its shape is documented and when that
was read, and what it costs, worked out by hand as tokens x dollars per million tokens, plus dollars for each search.
"""

import json
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from headworks.budgets.prices import PriceList
from headworks.budgets.tokens import TokenCounter
from headworks.core.messages import Ask, Message, Prompt, Target, Text
from headworks.core.replies import Chunk
from headworks.dialects.anthropic.provider.dialect import AnthropicDialect
from headworks.dialects.gemini.dialect import GeminiDialect
from headworks.dialects.openai.request import OpenAIDialect
from headworks.dialects.protocols import ProviderDialect
from headworks.telemetry.tally import Tally

DIALECTS: dict[str, ProviderDialect] = {
    "openai": OpenAIDialect(),
    "anthropic": AnthropicDialect(),
    "gemini": GeminiDialect(),
}
CASES = [
    (path.stem, case)
    for path in sorted(Path(__file__).with_name("payloads").glob("*.json"))
    for case in json.loads(path.read_text())
]
USUALLY = "2026-11-24T12:00:00Z"
COUNTER = TokenCounter()  # its vocabularies are never loaded here


def ask_of(case: dict[str, Any]) -> Ask:
    said = Message("user", (Text("What do forty bytes of a prompt hold? x."),))
    prompt = Prompt(messages=(said,), service_tier=case.get("asked", {}).get("service_tier"))
    return Ask(
        trace_id="t",
        dialect="openai",
        kind=case.get("kind", "chat"),
        model="m",
        fields={},
        read_prompt=lambda: prompt,
        stream="events" in case,
    )


def sse(event: dict[str, Any] | str) -> bytes:
    data = event if isinstance(event, str) else json.dumps(event, separators=(",", ":"))
    name = f"event: {event['type']}\n" if isinstance(event, dict) and "type" in event else ""
    return f"{name}data: {data}\n\n".encode()


def chunks(case: dict[str, Any], ask: Ask) -> list[Chunk]:
    dialect = DIALECTS[case["dialect"]]
    if "reply" in case:
        return [Chunk(dialect.read_whole(ask, json.dumps(case["reply"]).encode()))]
    reader = dialect.stream_reader(ask)
    return [reader.read(sse(event)) for event in case["events"]]


def by_hand(case: dict[str, Any]) -> int:
    tokens = sum((count * Fraction(usd) * 1_000 for count, usd, _ in case["usd_per_mtok"]), Fraction(0))
    others = sum((count * Fraction(usd) * 10**9 for count, usd, _ in case.get("usd_each", [])), Fraction(0))
    return round(tokens + others)


@pytest.mark.parametrize(("family", "case"), CASES, ids=[f"{family}: {case['name']}" for family, case in CASES])
def test_a_payload_costs_what_its_provider_would_bill(family: str, case: dict[str, Any]) -> None:
    prices = PriceList({"p": case["provider"]}, COUNTER)
    target = Target(name="m", provider="p", provider_model=case["model"], dialect=case["dialect"])
    ask, tally = ask_of(case), Tally()
    for chunk in chunks(case, ask):
        tally.note(chunk, 0.0)
    usage = tally.settle(prices, ask, target, "cancelled" if family == "cut_short" else "ok")
    assert usage is not None
    at_s = datetime.fromisoformat(case.get("at", USUALLY)).timestamp()
    assert prices.cost_nano(target, usage, at_s) == case["nano"]


@pytest.mark.parametrize("case", [case for _, case in CASES if "unpriced" not in case], ids=lambda case: case["name"])
def test_the_figures_of_a_case_add_up(case: dict[str, Any]) -> None:
    assert by_hand(case) == case["nano"]


def test_every_case_says_where_it_is_from_and_there_are_enough() -> None:
    assert len(CASES) >= 60
    assert len({case["name"] + case["model"] for _, case in CASES}) == len(CASES)
    for _, case in CASES:
        assert case["origin"]["how"] == "documented"
        assert case["origin"]["url"].startswith("https://")
        assert case["nano"] is not None or case["unpriced"]
