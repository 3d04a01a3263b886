"""The steps of a decision can be read without making the call."""

from headworks.core.errors import translation_gap
from headworks.core.messages import Prices
from headworks.dialects.protocols import WireRequest
from headworks.routing import Facts


class Picky:
    """A dialect that drops `seed` for one model and cannot say anything to another."""

    name = "openai"

    def request(self, ask, target):
        if target.name == "haiku":
            raise translation_gap("seed", "picky")
        return WireRequest(path="/chat/completions", body=b"{}", dropped=("seed",) if target.name == "fast" else ())


def test_every_decision_is_a_step(router, ask, caller):
    facts = Facts(
        hosts={"lab": "127.0.0.1:9100"},
        dialects={"openai": Picky()},
        prices=lambda target: Prices(input=1, output=2) if target.name == "big" else None,
    )
    steps = router.explain(ask("feature/bot"), caller(), facts)
    assert [step.step for step in steps] == [
        "ask", "feature", "key", "route", "policy", "target", "request", "target", "skipped", "target", "request"
    ]  # fmt: skip
    assert steps[1].details == {"capture": "bodies"}
    assert steps[3].details == {"query_type": "feature", "targets": ["fast", "haiku", "big"]}
    assert (steps[4].details["retries"], steps[4].details["patience"]) == (3, None)
    assert steps[5].details["host"] == "127.0.0.1:9100"
    assert steps[6].decision == "sent without `seed`"
    assert steps[8].details["code"] == "unsupported_field"
    assert steps[9].details["prices_nano_usd_per_token"]["output"] == 2
    assert steps[7].details["prices_nano_usd_per_token"] is None


def test_a_refusal_is_the_last_step_and_names_its_code(router, ask, caller):
    steps = router.explain(ask("fast"), caller(models=("big",)), Facts())
    assert [step.step for step in steps] == ["ask", "refused"]
    assert steps[-1].details == {"code": "forbidden", "status": 403, "param": "model"}


def test_a_first_choice_that_cannot_take_the_request_refuses_it(router, ask, caller):
    steps = router.explain(ask("haiku"), caller(), Facts(dialects={"openai": Picky()}))
    assert steps[-1].step == "refused"


def test_each_way_of_naming_has_its_rule(router, open_router, ask, caller):
    rules = [router.rule(ask(model)) for model in ("fast", "auto", "feature/bot")]
    assert len({*rules, open_router.rule(ask("a-1"))}) == 4
