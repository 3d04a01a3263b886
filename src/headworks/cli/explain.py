"""`headworks explain`: what would happen to a request, decided step by step, with no provider call."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter
from msgspec import structs

from headworks.app import facts
from headworks.budgets import TokenCounter
from headworks.cli.access.stored_keys import StoredKeys
from headworks.cli.output import AsJson, json_text
from headworks.config import Config, find_config, price_list, router
from headworks.core.clock import SystemClock
from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Caller
from headworks.dialects import anthropic, openai
from headworks.dialects.protocols import Endpoint, Envelope
from headworks.routing import Step

Kind = Literal["chat", "completion", "embedding", "messages", "count"]

_ENDPOINTS: dict[str, Endpoint] = {
    "chat": openai.CHAT,
    "completion": openai.COMPLETIONS,
    "embedding": openai.EMBEDDINGS,
    "messages": anthropic.MESSAGES,
    "count": anthropic.COUNT_TOKENS,
}
_DONE, _REFUSED = 0, 1
_ANYBODY = Caller(key_id="none", key_name="any key without limits", org_id="none")


@Parameter(name="*")
@dataclass(frozen=True)
class CallerSource:
    """Who asks, under which config.

    Attributes:
        key: Id of the virtual key that asks, as `headworks keys list` shows it. Left out: a key without limits.
        config: The config; else the one HEADWORKS_CONFIG names, else the environment's.
    """

    key: str | None = None
    config: Path | None = None

    def caller(self, config: Config) -> Caller:
        """The caller.

        Raises:
            BadAskError: There is no such key, or it is no longer good.
        """
        if self.key is None:
            return _ANYBODY
        with StoredKeys.open(config.data_dir) as keys:
            return keys.caller(self.key)


def explain(
    body: Path | None = None,
    *,
    model: str | None = None,
    feature: str | None = None,
    kind: Kind = "chat",
    caller: Annotated[CallerSource, Parameter(name="*")] | None = None,
    json: AsJson = False,
) -> int:
    """Say what would happen to a request, decided step by step, with no provider call.

    Example: headworks explain request.json --config headworks.yaml

    Example: headworks explain --model auto --feature support-bot

    Args:
        body: A file with the request's JSON body (/dev/stdin: standard input). Left out: a short greeting.
        model: Ask for this model instead of the one in the body.
        feature: The feature, as the header x-headworks-feature would name it.
        kind: Which endpoint the body is for.
        caller: Who asks, under which config.
        json: Print JSON for programs.

    Returns:
        Exit code: 0 when the request would be sent, 1 when it would be refused.
    """
    source = caller or CallerSource()
    config = find_config(source.config, os.environ)
    ask = read_ask(_ENDPOINTS[kind], _body(body, kind), model=model, feature=feature)
    steps = router(config).explain(
        ask, source.caller(config), facts(config, price_list(config, TokenCounter()), SystemClock())
    )
    print(json_text([structs.asdict(step) for step in steps]) if json else "\n".join(map(_line, steps)))
    return _REFUSED if any(step.step == "refused" for step in steps) else _DONE


def read_ask(endpoint: Endpoint, body: bytes, *, model: str | None, feature: str | None) -> Ask:
    """The ask that `body` would be at `endpoint`.

    Raises:
        BadAskError: The gateway would refuse the body.
    """
    if model is not None:
        body = _with_model(body, model)
    ask = endpoint.read(body, Envelope(trace_id="explain", headers={}, created=0))
    ask.feature = feature
    return ask


def _with_model(body: bytes, model: str) -> bytes:
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise BadAskError(f"The request body is not a JSON object: {error}.") from error
    return msgspec.json.encode({**fields, "model": model})


def _body(path: Path | None, kind: Kind) -> bytes:
    if path is None:
        return msgspec.json.encode({"model": "auto", **_greeting(kind)})
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadAskError(f"{path} cannot be read: {error.strerror}.") from error


def _greeting(kind: Kind) -> dict[str, Any]:
    if kind == "embedding":
        return {"input": "Hello"}
    if kind == "completion":
        return {"prompt": "Hello"}
    limit = {"max_tokens": 100} if kind == "messages" else {}
    return {"messages": [{"role": "user", "content": "Hello"}], **limit}


def _line(step: Step) -> str:
    facts = "".join(f"\n           {name}: {value}" for name, value in step.details.items() if value not in ([], None))
    return f"{step.step:<9}  {step.decision}{facts}"
