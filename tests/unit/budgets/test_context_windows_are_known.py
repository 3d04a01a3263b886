"""How much a model reads: the config's word before the library's, and no guess."""

from headworks.budgets import PriceList, TokenCounter
from headworks.core.messages import Target


def target(model, *, provider="openai", context_tokens=None):
    return Target(name="m", provider=provider, provider_model=model, dialect="openai", context_tokens=context_tokens)


def prices():
    return PriceList({"openai": "openai", "own": None}, TokenCounter())


def test_the_library_knows_common_models():
    assert prices().context_tokens(target("gpt-4o-mini")) == 128_000


def test_the_config_goes_first():
    assert prices().context_tokens(target("gpt-4o-mini", context_tokens=8192)) == 8192


def test_what_nobody_knows_is_unknown():
    assert prices().context_tokens(target("nobody-knows-this")) is None
    assert prices().context_tokens(target("gpt-4o-mini", provider="own")) is None
