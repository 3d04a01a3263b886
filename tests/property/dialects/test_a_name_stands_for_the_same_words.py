"""Whatever is let in: a request that names what is kept, and what is kept, are the request that says it all."""

import json

import pytest
from tests.property.dialects.test_marks_take_whatever_was_let_in import (
    BODIES,
    CLIENTS,
    ENVELOPE,
    VALUES,
    changed,
    places,
)

from headworks.core.errors import BadAskError
from headworks.core.messages import Target
from headworks.core.prefix import Cut, Marks, Named, Wish
from headworks.dialects import gemini

TARGET = Target(name="n", provider="p", provider_model="m", dialect="gemini", unsupported="drop")
SAID_ONCE = {"systemInstruction", "tools", "toolConfig"}


def joined(kept, said):
    """What the model reads of both."""
    assert not SAID_ONCE & set(said), "that would be refused"
    turns = [*kept.pop("contents", []), *said.pop("contents")]
    assert all(turn["parts"] for turn in turns)
    return said | kept, [part for turn in turns for part in turn["parts"]]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("cut", [Cut("system"), Cut("documents"), Cut("history"), Cut("history", 1)])
def test_what_is_named_is_what_would_have_been_said(client, cut):
    named_so_far = 0
    body = BODIES[client]
    single = body | {"messages": body["messages"][: 2 if client == "openai" else 1]}
    for source in (body, single):
        for path in places(source):
            for value in VALUES:
                try:
                    ask = CLIENTS[client].read(json.dumps(changed(source, path, value)).encode(), ENVELOPE)
                    wire = gemini.DIALECT.request(ask, TARGET, Marks(wish=Wish(cut, "5m")))
                except BadAskError:
                    continue
                if wire.order is None:
                    continue
                named_so_far += 1
                kept = json.loads(wire.order.body)
                assert (kept.pop("model"), kept.pop("ttl")) == ("models/m", "300s")
                marks = Marks(named=(Named("cachedContents/k", wire.order.wish.cut, wire.order.digest),))
                said = json.loads(gemini.DIALECT.request(ask, TARGET, marks).body)
                assert said.pop("cachedContent") == "cachedContents/k"
                whole = json.loads(wire.body)
                parts = [part for turn in whole.pop("contents") for part in turn["parts"]]
                assert joined(kept, said) == (whole, parts)
    assert named_so_far > 50
