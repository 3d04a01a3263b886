"""Budgets across processes: workers share one ledger, and a kill in the middle leaves nothing reserved for ever."""

import asyncio
import os
import signal
from pathlib import Path

import apsw
import pytest
from openai import AsyncOpenAI, OpenAIError

from headworks.testing import Recipe

CAP = 40_000_000
"""Nano-dollars: four cents."""
BUDGETS = """
budgets:
  wait_s: 1
  limits:
    - {scope: org, usd_per_month: 0.04}
    - {scope: gateway, usd_total: 100}
    - {scope: key, concurrent: 1000}
"""


@pytest.fixture
def two(own_gateway):
    """A running gateway with two workers and a model whose price is known."""
    text = own_gateway.config.read_text(encoding="utf-8").replace("port: 0", "port: 0, workers: 2")
    price = "price_usd_per_mtok: {input: 1, output: 10}"
    text = text.replace("models:\n", f"models:\n  own: {{provider: oai, model: own-1, {price}}}\n")
    own_gateway.config.write_text(text + BUDGETS, encoding="utf-8")
    yield own_gateway.start()
    if own_gateway.process.poll() is None:
        own_gateway.stop()


def accounts(gateway):
    """What each account has spent and reserved, how many holds there are, and what was settled altogether."""
    path = gateway.folder / "headworks-data" / "budgets.sqlite"
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        rows = db.execute("SELECT name, spent, reserved FROM accounts").fetchall()
        holds = db.execute("SELECT count(*) FROM holds").fetchone()[0]
        settled = db.execute("SELECT coalesce(sum(nano), 0) FROM settlements").fetchone()[0]
    finally:
        db.close()
    return {name: (spent, reserved) for name, spent, reserved in rows}, holds, settled


def workers(gateway):
    """Process ids of its living workers."""
    pid = gateway.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children if b"serving.worker" in Path(f"/proc/{child}/cmdline").read_bytes()]


async def storm(gateway, calls):
    """Many calls at once, a connection each so that every worker has some; what became of each."""

    async def one(number):
        async with AsyncOpenAI(api_key=gateway.key, base_url=f"{gateway.url}/v1", max_retries=0) as client:
            try:
                stream = await client.chat.completions.create(
                    model="own", messages=[{"role": "user", "content": f"Say {number}"}], max_tokens=100, stream=True
                )
                async for _ in stream:
                    pass
            except OpenAIError as error:
                return type(error).__name__
        return "ok"

    return await asyncio.gather(*(one(number) for number in range(calls)))


async def test_two_workers_never_spend_more_than_the_cap_together(two, fake):
    fake.script([Recipe(tokens=100) for _ in range(120)])
    outcomes = await storm(two, 120)
    two.stop()
    found, holds, settled = accounts(two)
    (org,) = [amounts for name, amounts in found.items() if name.startswith("usd|org|")]
    assert holds == 0
    assert org[1] == 0
    assert org[0] == settled <= CAP
    assert 30 <= outcomes.count("ok") <= 40
    assert outcomes.count("RateLimitError") == 120 - outcomes.count("ok")


async def test_killed_workers_leave_nothing_reserved(two, fake, eventually):
    outcomes = []
    for _ in range(2):
        fake.script([Recipe(tokens=60, tokens_per_second=40) for _ in range(20)])
        storming = asyncio.ensure_future(storm(two, 20))
        await asyncio.to_thread(eventually, lambda: accounts(two)[1] >= 10)
        victims = workers(two)
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        outcomes += await storming
        await asyncio.to_thread(eventually, lambda: len(set(workers(two)) - set(victims)) == 2, 30)  # noqa: B023  waited for
        await asyncio.to_thread(eventually, lambda: accounts(two)[1] == 0, 30)
    assert outcomes.count("ok") < 20
    found, _, settled = accounts(two)
    assert all(reserved == 0 for reserved in (amounts[1] for amounts in found.values()))
    assert all(spent == settled <= CAP for name, (spent, _) in found.items() if name.startswith("usd|"))
