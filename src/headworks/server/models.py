"""`GET /v1/models` and `/v1/models/{id}`, in the shape of the dialect that asks."""

from collections.abc import Sequence
from typing import Any

import msgspec

from headworks.core.errors import BadAskError

CREATED = 1_763_856_000
"""OpenAI's SDKs want a creation time for every model; names of a config have none, so it is one constant."""
CREATED_TEXT = "2025-11-23T00:00:00Z"


def model_list(models: Sequence[tuple[str, str]], *, anthropic: bool) -> bytes:
    """All models, `(name, provider)` each, as one page."""
    data = [_model(name, provider, anthropic=anthropic) for name, provider in models]
    if anthropic:
        ends = {"first_id": models[0][0] if models else None, "last_id": models[-1][0] if models else None}
        return msgspec.json.encode({"data": data, "has_more": False} | ends)
    return msgspec.json.encode({"object": "list", "data": data})


def one_model(name: str, models: Sequence[tuple[str, str]], *, anthropic: bool) -> bytes:
    """The model called `name`.

    Raises:
        BadAskError: `unknown_model` (404).
    """
    for known, provider in models:
        if known == name:
            return msgspec.json.encode(_model(name, provider, anthropic=anthropic))
    raise BadAskError(
        f"There is no model `{name}`; GET /v1/models lists those this key may use.", code="unknown_model", status=404
    )


def _model(name: str, provider: str, *, anthropic: bool) -> dict[str, Any]:
    if anthropic:
        return {"type": "model", "id": name, "display_name": name, "created_at": CREATED_TEXT}
    return {"id": name, "object": "model", "created": CREATED, "owned_by": provider}
