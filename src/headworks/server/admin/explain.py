"""What would happen to a request: reads it as its endpoint would, and asks the router for its reasons."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Caller
from headworks.dialects import anthropic, openai
from headworks.dialects.protocols import Endpoint, Envelope
from headworks.identity.ring import KeyRing

Explain = Callable[[Ask, Caller], Sequence[Struct]]
"""The decisions about an ask of a caller, in order; the last of a request that is not sent has `step` `refused`."""

_ENDPOINTS: dict[str, Endpoint] = {
    "chat": openai.CHAT,
    "completion": openai.COMPLETIONS,
    "embedding": openai.EMBEDDINGS,
    "messages": anthropic.MESSAGES,
    "count": anthropic.COUNT_TOKENS,
}
_ANYBODY = Caller(key_id="none", key_name="any key without limits", org_id="none")

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["body"],
    "additionalProperties": False,
    "properties": {
        "body": {"type": "object", "description": "The request's body, as an application would send it."},
        "kind": {"enum": list(_ENDPOINTS), "default": "chat", "description": "Which endpoint it is for."},
        "feature": {"type": "string", "description": "The feature, as the header x-headworks-feature would name it."},
        "key": {"type": "string", "description": "Id of the virtual key that asks; a key without limits if left out."},
    },
}


class _Question(Struct, frozen=True, forbid_unknown_fields=True):
    body: Raw
    kind: Literal["chat", "completion", "embedding", "messages", "count"] = "chat"
    feature: str | None = None
    key: str | None = None


def explained(raw: bytes, keys: KeyRing, explain: Explain, now_s: float) -> dict[str, Any]:
    """`{steps: [{step, decision, details}], sent}` for the body of `POST /admin/v1/explain`.

    Raises:
        BadAskError: The question is none, the gateway would refuse the body it holds, or the key is no longer good.
    """
    try:
        question = msgspec.json.decode(raw, type=_Question)
    except msgspec.ValidationError as error:
        raise BadAskError(f"The question cannot be read: {error}.", status=422) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadAskError("The body must be a JSON object.") from error
    envelope = Envelope(trace_id="explain", headers={}, created=int(now_s))
    ask = _ENDPOINTS[question.kind].read(bytes(question.body), envelope)
    ask.feature = question.feature
    steps = [msgspec.to_builtins(step) for step in explain(ask, _caller(question.key, keys, now_s))]
    return {"steps": steps, "sent": all(step["step"] != "refused" for step in steps)}


def _caller(key_id: str | None, keys: KeyRing, now_s: float) -> Caller:
    if key_id is None:
        return _ANYBODY
    record = keys.get(key_id)
    status = record.status(now_s)
    if status in ("revoked", "expired"):
        raise BadAskError(f"The key {record.id} is {status}; every call with it is refused.", status=422, param="key")
    return record.caller()
