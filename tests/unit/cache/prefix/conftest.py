"""A memory of prefixes on a fake clock, and calls as clients make them."""

import json

import msgspec
import pytest

from headworks.cache.prefix import PrefixMemory
from headworks.core.messages import Prices, Route, Target
from headworks.dialects import anthropic, openai
from headworks.dialects.protocols import Envelope
from headworks.testing import FakeClock

PRICES = Prices(input=1000, output=5000, cached=100, cache_write_5m=1250, cache_write_1h=2000)
CLAUDE = Target(
    name="claude",
    provider="a",
    provider_model="claude-sonnet-5-5",
    dialect="anthropic",
    capabilities=frozenset({"chat", "cache_control"}),
)
GPT = Target(
    name="gpt",
    provider="o",
    provider_model="gpt-5",
    dialect="openai",
    capabilities=frozenset({"chat", "prompt_cache_key"}),
)
ENDPOINTS = {"openai": openai.CHAT, "anthropic": anthropic.MESSAGES}


class Traffic:
    """Calls with long prompts, and what is to be said of them."""

    claude = CLAUDE
    gpt = GPT

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.prices: dict[str, Prices | None] = {}
        readers = {"openai": openai.read_sections, "anthropic": anthropic.read_sections}
        self.memory = PrefixMemory(readers, lambda target: self.prices.get(target.name, PRICES), self.clock)

    def model(self, name, **other):
        """A model that is told by `cache_control` what to keep."""
        return msgspec.structs.replace(CLAUDE, provider_model=name, **other)

    def ask(self, dialect="anthropic", *, org="acme", session=None, **fields):
        body = {"model": "m", "max_tokens": 9} | ({"messages": [{"role": "user", "content": "Hello"}]} | fields)
        envelope = Envelope(trace_id="0" * 32, headers={}, created=0)
        ask = ENDPOINTS[dialect].read(json.dumps(body).encode(), envelope)
        ask.org_id, ask.session_id = org, session
        return ask

    def known(self, dialect="anthropic", *, feature="f", targets=(CLAUDE,), **call):
        """What is known of a call; None for nothing."""
        return self.memory.of(self.ask(dialect, **call), Route(feature=feature, query_type="q", targets=targets))

    def marks(self, target=CLAUDE, dialect="anthropic", **call):
        """The marks of a call that is made and answered."""
        known = self.known(dialect, targets=(target,), **call)
        marks = known.marks(target)
        known.landed(0, target)
        return marks

    def lives(self, **call):
        """What is marked, and for how long."""
        marks = self.marks(**call)
        names = ("tools", "system", "documents", "history")
        return {name: life for name in names if (life := getattr(marks, name))}


@pytest.fixture
def traffic():
    return Traffic()
