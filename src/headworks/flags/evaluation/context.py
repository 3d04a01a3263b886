"""What an evaluation is about: the facts that the gateway knows of a call, and those that an application adds."""

from headworks.core.messages import Ask, Caller
from headworks.flags.evaluation.attributes import TAGS
from headworks.flags.evaluation.details import TARGETING_KEY, Context


def call_context(ask: Ask, caller: Caller, *, feature: str | None = None, model: str | None = None) -> Context:
    """The context of a call through the gateway.

    The targeting key is the end user, else the user of the key, else the key itself: there is always one.

    Args:
        ask: The call.
        caller: Who makes it.
        feature: The feature that serves it, where it is not the one that it names.
        model: The model that serves it, likewise.
    """
    end_user = ask.user_id or caller.user_id
    return {
        **_facts(caller),
        "end_user": end_user,
        "feature": feature or ask.feature,
        "model": model or ask.model,
        TAGS: ask.tags,
        TARGETING_KEY: end_user or caller.key_id,
    }


def asked_context(given: Context, caller: Caller) -> Context:
    """The context that an application sends: what the gateway knows of its key takes the place of what it says."""
    return {**given, **_facts(caller)}


def _facts(caller: Caller) -> dict[str, object]:
    return {
        "org": caller.org_id,
        "team": caller.team_id,
        "user": caller.user_id,
        "key": caller.key_id,
        "key_name": caller.key_name,
    }
