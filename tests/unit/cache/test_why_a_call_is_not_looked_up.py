"""What is told of a call is what is done with it: the outlook and the lookup never disagree."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cache.test_what_a_key_holds import CHAT, PLAIN, ROUTE, ask_of

from headworks.cache.entries import Entry, Facets
from headworks.cache.looking import NOTHING, Kit
from headworks.cache.room import CacheRoom
from headworks.core.caching import ON_REQUEST, Caching
from headworks.core.messages import Ask, Caller, Route
from headworks.dialects import anthropic, openai
from headworks.testing import FakeClock

CALLER = Caller(key_id="k", key_name="test", org_id="acme")


class DictStore:
    """One node's entries."""

    def __init__(self) -> None:
        self.entries: dict[bytes, Entry] = {}

    def get(self, key: bytes) -> Entry | None:
        return self.entries.get(key)

    def mark(self) -> int:
        return 0

    def put(self, entry: Entry, seen: int) -> None:
        self.entries[entry.key] = entry

    async def remove(self, key: bytes) -> None:
        self.entries.pop(key, None)


class NoTrace:
    """A trace that nobody reads."""

    def cached(self, *facts: object, **more: object) -> None: ...


def room() -> CacheRoom:
    kit = Kit(store=DictStore(), clock=FakeClock(), cost_nano=lambda target, usage: None)
    return CacheRoom(kit, {"openai": openai.EDITOR.plain, "anthropic": anthropic.EDITOR.plain})


def ask_with(body: dict[str, Any], wish: Any = None, user: str | None = None) -> Ask:
    ask = ask_of(body)
    ask.cache, ask.user_id = wish, user
    return ask


def route_with(caching: Caching) -> Route:
    return Route(feature=ROUTE.feature, query_type=ROUTE.query_type, targets=ROUTE.targets, caching=caching)


ON = Caching(exact=True, scope="tenant", max_temperature=0.6)
HOSTED = PLAIN | {"tools": [{"type": "web_search"}]}


@pytest.mark.parametrize(
    ("caching", "body", "wish", "why"),
    [
        (ON_REQUEST, PLAIN, None, "does not ask for it"),
        (Caching(exact=False), PLAIN, "on", "`exact: off`"),
        (ON, PLAIN, "off", "the call does not want it"),
        (ON, PLAIN | {"temperature": 0.7}, None, "its temperature, 0.7, is above the feature's `max_temperature`, 0.6"),
        (ON, CHAT, None, "`weather`"),
        (Caching(exact=True, pure_tools=frozenset({"*"})), HOSTED, None, "the provider runs"),
        (Caching(exact=True, scope="user"), PLAIN, None, "names none"),
    ],
)
def test_a_call_that_is_not_looked_up_is_told_why(caching: Caching, body: dict[str, Any], wish: Any, why: str) -> None:
    outlook = room().outlook(ask_with(body, wish), route_with(caching))
    assert outlook.decision.startswith("not looked up: ")
    assert why in outlook.decision
    assert "key" not in outlook.details


def test_a_call_that_is_looked_up_shows_its_key_and_the_age_of_its_answer() -> None:
    made, route = room(), route_with(Caching(exact=True, max_error=0.01, ttl_s=60))
    outlook = made.outlook(ask_with(PLAIN), route)
    assert outlook.decision == "looked up: exact, joined, by meaning, with at most 1.00% wrong"
    assert outlook.key is not None
    key = outlook.key.exact
    expected = {"scope": "tenant", "ttl_s": 60, "key": key.hex()[:12], "entry_age_s": None, "under_way": False}
    assert outlook.details == expected
    now_s = made.kit.clock.now()
    made.kit.store.put(
        Entry(
            key=key,
            facets=Facets(),
            created_s=now_s - 5,
            expires_s=now_s + 55,
            model="m",
            provider="p",
            provider_model="m-1",
            events=[],
        ),
        made.kit.store.mark(),
    )
    assert made.outlook(ask_with(PLAIN), route).details["entry_age_s"] == 5


def test_a_call_that_wants_a_new_answer_is_told_so() -> None:
    outlook = room().outlook(ask_with(PLAIN, "refresh"), route_with(ON))
    assert outlook.decision == "not looked up: the call asks for a new answer, which is kept"


cachings = st.builds(
    Caching,
    exact=st.sampled_from([True, False, None]),
    joined=st.booleans(),
    scope=st.sampled_from(["tenant", "user", "public"]),
    max_temperature=st.sampled_from([0.0, 0.5, 1.0]),
    pure_tools=st.sampled_from([frozenset(), frozenset({"weather"}), frozenset({"*"})]),
) | st.just(ON_REQUEST)


@given(
    caching=cachings,
    body=st.sampled_from([PLAIN, CHAT, HOSTED, PLAIN | {"temperature": 0.0}]),
    wish=st.sampled_from([None, "on", "off", "refresh"]),
    user=st.sampled_from([None, "ann"]),
)
def test_the_outlook_and_the_lookup_never_disagree(
    caching: Caching, body: dict[str, Any], wish: Any, user: str | None
) -> None:
    made, route = room(), route_with(caching)
    outlook = made.outlook(ask_with(body, wish, user), route)
    lookup = made.look_up(ask_with(body, wish, user), CALLER, route, NoTrace())  # type: ignore[arg-type]
    assert (lookup is NOTHING) == ("key" not in outlook.details)
    if outlook.key is not None:
        assert lookup._key.exact == outlook.key.exact  # type: ignore[attr-defined]
