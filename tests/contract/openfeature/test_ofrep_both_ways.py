"""Headworks asks a Headworks for flags over OFREP: what one serves, the other understands."""

from typing import Any

import pytest
from openfeature import api
from tests.contract.openfeature.conftest import DEFINITIONS

from headworks.core.messages import Caller
from headworks.core.people.alerting import Unheard
from headworks.core.people.letters import Answer, Letter
from headworks.flags.evaluation import Details, Flags
from headworks.flags.evaluation.remote.ofrep import OfrepSource
from headworks.flags.evaluation.remote.remote import Pace, RemoteFlags
from headworks.flags.openfeature.provider import HeadworksProvider
from headworks.server.ofrep import Ofrep
from headworks.testing import FakeClock


class Everybody:
    def caller(self, key: str) -> Caller:
        return Caller(key_id=key, key_name=key, org_id="acme")


def over_the_wire(flags: Flags) -> OfrepSource:
    app = Ofrep(flags, Everybody())

    async def post(letter: Letter) -> Answer:
        path = letter.url.removeprefix("http://other")
        given = [(name.encode(), value.encode()) for name, value in letter.headers.items()]
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": letter.body}

        async def send(message: Any) -> None:
            sent.append(message)

        await app({"method": "POST", "path": path, "raw_path": path.encode(), "headers": given}, receive, send)
        return Answer(status=sent[0]["status"], body=sent[1]["body"])

    return OfrepSource("http://other", {"authorization": "Bearer k"}, 2.0, post)


@pytest.fixture
def near(flags: Flags) -> Flags:
    """A gateway that defines nothing and asks `flags`."""
    found = Flags()
    found.remote = RemoteFlags(over_the_wire(flags), Pace(deadline_s=5.0), FakeClock(), Unheard())
    return found


@pytest.mark.parametrize("key", sorted(DEFINITIONS))
@pytest.mark.parametrize("context", [{}, {"email": "ballmer@macrosoft.com", "targetingKey": "zoë", "customer": False}])
async def test_what_is_told_over_the_wire_is_what_was_evaluated(flags: Flags, near: Flags, key: str, context: Any):
    default = flags.evaluate(key, context).value
    told, meant = await near.resolved(key, default, context), flags.details(key, default, context)
    assert (told.value, told.variant, told.metadata) == (meant.value, meant.variant, meant.metadata)
    assert told.reason == "CACHED"


async def test_errors_are_told_too(flags: Flags, near: Flags):
    flags.fit({"halves": {"type": "boolean", "rules": [{"split": {"on": 50, "off": 50}}]}}, text=False)
    assert (await near.resolved("halves", True, {})).error_code == "TARGETING_KEY_MISSING"
    assert (await near.resolved("none", True, {})).error_code == "FLAG_NOT_FOUND"


@pytest.mark.parametrize(("key", "default"), [("boolean-flag", False), ("string-flag", "bye")])
async def test_a_value_asked_for_again_is_cached(near: Flags, key: str, default: Any):
    """The specification's scenario for the reason `CACHED`, through the SDK."""
    provider = HeadworksProvider(near)
    api.set_provider_and_wait(provider)
    ask = {bool: api.get_client().get_boolean_details, str: api.get_client().get_string_details}[type(default)]
    assert ask(key, default).value == default
    context: Details = await near.resolved(key, default, {"targetingKey": None})
    assert context.reason == "CACHED"
    assert ask(key, default).reason == "CACHED"
    api.shutdown()
