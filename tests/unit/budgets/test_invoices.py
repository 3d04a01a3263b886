"""Golden invoices: usage as providers report it, read by the dialects, priced to the nano-dollar."""

import tomllib
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headworks.budgets.prices import PriceList
from headworks.budgets.tokens import TokenCounter
from headworks.core.messages import Target
from headworks.core.money import nano_from_usd, usd_text
from headworks.core.replies import Usage
from headworks.dialects.anthropic.usage import WireUsage
from headworks.dialects.anthropic.usage import read_usage as read_anthropic
from headworks.dialects.gemini.usage import read_usage as read_gemini
from headworks.dialects.gemini.wire import UsageMetadata
from headworks.dialects.openai.reading import read_usage as read_openai
from headworks.dialects.openai.wire import UsageBody

INVOICES = tomllib.loads(Path(__file__).with_name("invoices.toml").read_text())["invoice"]


def usage_of(invoice: dict[str, Any]) -> Usage:
    raw, tier = invoice["usage"].encode(), invoice.get("tier")
    if invoice["dialect"] == "anthropic":
        return read_anthropic(msgspec.json.decode(raw, type=WireUsage))
    if invoice["dialect"] == "gemini":
        return read_gemini(msgspec.json.decode(raw, type=UsageMetadata))
    return read_openai(msgspec.json.decode(raw, type=UsageBody), tier)


@pytest.mark.parametrize("invoice", INVOICES, ids=[f"{row['provider']}: {row['name']}" for row in INVOICES])
def test_an_invoice_is_right_to_the_nano_dollar(invoice: dict[str, Any]) -> None:
    prices = PriceList({"p": invoice["provider"]}, TokenCounter())
    target = Target(name="m", provider="p", provider_model=invoice["model"], dialect=invoice["dialect"])
    at_s = datetime.fromisoformat(invoice["at"]).timestamp()
    cost = prices.cost_nano(target, usage_of(invoice), at_s)
    expected = invoice.get("usd")
    assert (None if cost is None else usd_text(cost)) == expected
    assert expected is None or cost == nano_from_usd(Decimal(expected))


def test_there_are_thirty_invoices_at_least() -> None:
    assert len(INVOICES) >= 30
