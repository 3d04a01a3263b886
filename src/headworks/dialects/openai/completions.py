"""The legacy `POST /v1/completions`: a prompt as text, an answer as text."""

from typing import Any

import msgspec
from msgspec import Raw

from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Kind, Message, Prompt, Text
from headworks.core.replies import Event, Finished, Reply, TextDelta
from headworks.dialects.body import BodyReader
from headworks.dialects.openai import wire
from headworks.dialects.openai.folding import Folded
from headworks.dialects.openai.writer import OpenAIWriter, finish
from headworks.dialects.protocols import Envelope, ReplyWriter

_READER = BodyReader(wire.CompletionBody)
_KNOWN = frozenset(wire.CompletionBody.__struct_fields__)


class Completions:
    """`POST /v1/completions`."""

    dialect = "openai"
    kind: Kind = "completion"

    def read(self, body: bytes, envelope: Envelope) -> Ask:
        """Check a completion request."""
        fields, checked = _READER.read(body)
        return Ask(
            trace_id=envelope.trace_id,
            dialect=self.dialect,
            kind=self.kind,
            model=checked.model,
            fields=fields,
            read_prompt=lambda: _prompt(checked, fields),
            stream=bool(checked.stream),
            user_id=checked.user,
        )

    def writer(self, ask: Ask, reply: Reply, envelope: Envelope) -> ReplyWriter:
        """Writer of text completions and their chunks."""
        return CompletionWriter(ask, reply, envelope)


def read_fields(fields: dict[str, Raw]) -> Prompt:
    """The neutral prompt of a completion by its fields alone, as after a change of them.

    Raises:
        BadAskError: They are no completion request, or hold what has no neutral meaning.
    """
    return _prompt(_READER.read(msgspec.json.encode(fields))[1], fields)


def _prompt(body: wire.CompletionBody, fields: dict[str, Raw]) -> Prompt:
    """A text prompt as one user turn, for providers that only chat."""
    texts = [body.prompt] if isinstance(body.prompt, str) else body.prompt
    if len(texts) != 1 or not isinstance(texts[0], str):
        raise BadAskError(
            "`prompt`: the provider of this model takes one text; token ids and several prompts cannot be translated.",
            code="unsupported_field",
            param="prompt",
        )
    extra = {name: msgspec.json.decode(raw) for name, raw in fields.items() if name not in _KNOWN}
    return Prompt(
        messages=(Message("user", (Text(texts[0]),)),),
        max_tokens=body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        n=body.n,
        stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
        seed=body.seed,
        presence_penalty=body.presence_penalty,
        frequency_penalty=body.frequency_penalty,
        user=body.user,
        extra={name: value for name, value in extra.items() if value is not None},
    )


class CompletionWriter(OpenAIWriter):
    """Writes `text_completion`, whole and in chunks."""

    object_name = "text_completion"
    chunk_name = "text_completion"
    id_prefix = "cmpl-"

    def whole_choice(self, index: int, folded: Folded) -> dict[str, Any]:
        """Choice `index` of a whole reply."""
        said = folded.choices[index]
        return {"index": index, "text": said.text, "logprobs": None, "finish_reason": finish(said.finished)}

    def chunk_choice(self, event: Event) -> dict[str, Any] | None:
        """A piece of text, or the finish."""
        if isinstance(event, TextDelta):
            return {"index": event.choice, "text": event.text, "logprobs": None, "finish_reason": None}
        if isinstance(event, Finished):
            return {"index": event.choice, "text": "", "logprobs": None, "finish_reason": finish(event)}
        return None
