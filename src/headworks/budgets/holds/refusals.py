"""How a call is told that its limits do not pay for it: whose, which, how much is gone, when it comes back."""

from headworks.budgets.accounts.protocol import MICROS_A_MINUTE, Claim, Shortage
from headworks.budgets.holds.scopes import Counted
from headworks.budgets.holds.windows import WORDS, ends_s
from headworks.core.clock import rfc3339
from headworks.core.errors import RefusedError
from headworks.core.limits import Scope
from headworks.core.messages import Target
from headworks.core.money import usd_text

MOST_RETRY_AFTER_S = 60.0
"""SDKs heed up to this much."""
_NOUNS: dict[Scope, str] = {
    "org": "organisation",
    "team": "team",
    "user": "user",
    "end_user": "end user",
    "key": "key",
    "feature": "feature",
    "model": "model",
    "tag": "tag",
}


def whose(counted: Counted) -> str:
    """Its kind and name, for a sentence; of the gateway as a whole, just that."""
    noun = _NOUNS.get(counted.scope)
    return "this gateway" if noun is None else f"{noun} `{counted.name}`"


def refusal(counted: Counted, claim: Claim, shortage: Shortage, now_s: float) -> RefusedError:
    """The error for a call whose claim does not fit."""
    unit, window = counted.limit.unit, counted.limit.window
    if unit == "calls":
        sentence = (
            f"{_capital(whose(counted))} has {shortage.balance.reserved} calls under way of {claim.most} allowed."
        )
        return _slower(sentence, 1.0)
    if window == "minute":
        what = "requests" if unit == "requests" else "tokens"
        if shortage.free_in_s is None:
            return RefusedError(
                f"This call may use up to {claim.amount} {what}, and {whose(counted)} is allowed {claim.most} a "
                "minute. Send a shorter prompt or ask for a smaller `max_tokens`.",
                code="rate_limit_exceeded",
                status=429,
            )
        sentence = f"{_capital(whose(counted))} is allowed {claim.most} {what} a minute, which are used up for now."
        return _slower(sentence, shortage.free_in_s)
    ends = ends_s(window, now_s)
    amount = usd_text if unit == "usd" else _tokens
    sign = "$" if unit == "usd" else ""
    balance = shortage.balance
    sentence = (
        f"The budget of {whose(counted)} {WORDS[window]} does not pay for this call: limit {sign}"
        f"{amount(claim.most or 0)}, spent {sign}{amount(balance.spent)}, reserved by calls under way {sign}"
        f"{amount(balance.reserved)}, and this call may need {sign}{amount(claim.amount)}. "
    )
    when = f"It resets at {rfc3339(ends)}." if ends is not None else "It does not reset."
    return RefusedError(sentence + when, code="insufficient_quota", status=429)


def unpriced(targets: tuple[Target, ...]) -> RefusedError:
    """The error for a call under a budget in money whose cost nobody can tell."""
    names = ", ".join(f"`{target.name}`" for target in targets)
    return RefusedError(
        f"No price is known for {names}, and a budget in dollars applies to this call. Set `price_usd_per_mtok` for "
        "the model.",
        code="unpriced_model",
        status=403,
        param="model",
    )


def pace_left(at_us: int, now_us: int, most: int) -> int:
    """How much of a pace is left now."""
    used_us = max(0, min(at_us - now_us, MICROS_A_MINUTE))
    return most - -(-used_us * most // MICROS_A_MINUTE)


def _slower(sentence: str, free_in_s: float) -> RefusedError:
    return RefusedError(
        sentence,
        code="rate_limit_exceeded",
        status=429,
        retryable=True,
        retry_after_s=min(MOST_RETRY_AFTER_S, max(free_in_s, 0.001)),
    )


def _tokens(number: int) -> str:
    return f"{number} tokens"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
