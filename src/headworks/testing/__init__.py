"""Fakes for rehearsing and testing without a provider: shipped, so that users' tests have them too.

`FakeProvider` is a real HTTP server that speaks the OpenAI, Anthropic and Gemini dialects on one port and misbehaves by
`Recipe`; `FakeClock` is time that moves when told to. In shells, the same server is `headworks fake-provider`.
"""

from headworks.testing.calls import Call
from headworks.testing.clock import FakeClock
from headworks.testing.provider import FakeProvider
from headworks.testing.recipe import SHIPPED, FakeToolCall, Recipe, UnknownRecipeError, read_recipe
from headworks.testing.rooms.board import FakeBoard

__all__ = [
    "SHIPPED",
    "Call",
    "FakeBoard",
    "FakeClock",
    "FakeProvider",
    "FakeToolCall",
    "Recipe",
    "UnknownRecipeError",
    "read_recipe",
]
