"""A gateway reads its flags from another one, over real connections: values, changes, refusals, absence."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from headworks.config.posting import posting
from headworks.core.errors import ProviderError
from headworks.flags.evaluation.remote.ofrep import OfrepSource
from headworks.providers.outbound.http import Outbound

FLAG = {"type": "string", "variants": {"a": "for all", "b": "for beta"}, "default": "a"}
RULES = [{"when": {"attribute": "context.group", "equals": "beta"}, "variant": "b"}]


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    outbound = Outbound()
    yield outbound
    await outbound.close()


def source(gateway, outbound, key=None) -> OfrepSource:
    headers = {"authorization": f"Bearer {key or gateway.key}"}
    return OfrepSource(gateway.url, headers, 5.0, posting(outbound))


def put(gateway, definition) -> None:
    headers = {"authorization": f"Bearer {gateway.admin_key}"}
    body = {"definition": definition, "why": "tested"}
    httpx2.put(f"{gateway.url}/admin/v1/flags/greeting", json=body, headers=headers).raise_for_status()


async def test_values_and_changes_are_heard(gateway, outbound):
    there = source(gateway, outbound)
    assert (await there.look_up("greeting-2", "mine", {"targetingKey": "u"})).error_code == "FLAG_NOT_FOUND"
    await asyncio.to_thread(put, gateway, FLAG | {"rules": RULES})
    assert (await there.look_up("greeting", "mine", {"targetingKey": "u"})).value == "for all"
    found = await there.look_up("greeting", "mine", {"targetingKey": "u", "group": "beta"})
    assert (found.value, found.variant) == ("for beta", "b")


async def test_a_stranger_and_a_gateway_that_is_away_are_told_without_the_address(gateway, outbound):
    with pytest.raises(ProviderError, match="status 401"):
        await source(gateway, outbound, "hw-nobody").look_up("greeting", "mine", {})
    away = OfrepSource("http://127.0.0.1:9", {}, 2.0, posting(outbound))
    with pytest.raises(ProviderError) as told:
        await away.look_up("greeting", "mine", {})
    assert "rovider of flags `ofrep`" in told.value.message
    assert "127.0.0.1" not in told.value.message
