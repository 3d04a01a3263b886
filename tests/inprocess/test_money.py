"""What a call costs is what its tokens cost, in both conventions of counting, and an unknown price is never zero."""

from decimal import Decimal

import pytest

from headworks.core.replies import Usage
from headworks.testing import Recipe


@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_without_a_price_is_unpriced(house, stream):
    answer = await house.chat("unpriced", stream=stream)
    record = await house.record(answer)
    assert record["cost_usd"] is None
    assert record["priced"] is False
    assert record["total_tokens"] > 0
    assert "x-headworks-cost-usd" not in answer.headers


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("read", "written", "cached"), [(1000, 10, 0), (1000, 10, 400), (7, 1, 7), (123_456, 789, 1024)]
)
async def test_the_record_is_the_price_list_by_hand(house, stream, read, written, cached):
    counts = Usage(input_tokens=read, output_tokens=written, cached_tokens=cached)
    plain = read - cached
    by_hand = {
        "cheap": Decimal(read) * 1 + Decimal(written) * 10,
        "gpt": plain * Decimal("0.15") + cached * Decimal("0.075") + written * Decimal("0.6"),
        "claude": plain * Decimal(1) + cached * Decimal("0.1") + written * Decimal(5),
    }
    for model, dollars_per_million in by_hand.items():
        house.fake.script([Recipe(counts=counts)])
        record = await house.record(await house.chat(model, stream=stream))
        assert (record["prompt_tokens"], record["cached_tokens"]) == (read, cached)
        assert record["cost_nano"] == int(dollars_per_million * 1000)
        assert sum(attempt["cost_nano"] for attempt in record["attempts"]) == record["cost_nano"]
