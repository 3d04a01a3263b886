"""The client's side: `POST /v1/messages` and `POST /v1/messages/count_tokens`."""

from functools import partial

from msgspec import Raw

from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Kind
from headworks.core.replies import Reply
from headworks.dialects.anthropic.client.prompt import read_prompt
from headworks.dialects.anthropic.client.wire import CountBody, MessagesBody
from headworks.dialects.anthropic.client.writer import CountWriter, MessageWriter
from headworks.dialects.body import BodyReader, check_prompt_named, names_prompt
from headworks.dialects.protocols import Envelope

_PASSED_HEADERS = ("anthropic-beta", "anthropic-version")


class MessagesEndpoint:
    """`POST /v1/messages`."""

    dialect = "anthropic"
    kind: Kind = "chat"
    _reader = BodyReader(MessagesBody)

    def read(self, body: bytes, envelope: Envelope) -> Ask:
        """Read and check a request body.

        Raises:
            BadAskError: Broken JSON, a wrong type or value; names the field and what was expected.
        """
        fields, shape = self._reader.read(body)
        if shape.max_tokens is None or not shape.messages:
            _check_whole(fields, shape)
        return Ask(
            trace_id=envelope.trace_id,
            dialect=self.dialect,
            kind=self.kind,
            model=shape.model,
            fields=fields,
            read_prompt=partial(read_prompt, fields),
            stream=bool(shape.stream),
            user_id=shape.metadata.user_id if shape.metadata else None,
            headers={name: envelope.headers[name] for name in _PASSED_HEADERS if name in envelope.headers},
        )

    def writer(self, ask: Ask, reply: Reply, envelope: Envelope) -> MessageWriter:
        """A writer for this call's answer."""
        return MessageWriter(ask.model, envelope.trace_id, reply)


class CountTokensEndpoint:
    """`POST /v1/messages/count_tokens`."""

    dialect = "anthropic"
    kind: Kind = "count"
    _reader = BodyReader(CountBody)

    def read(self, body: bytes, envelope: Envelope) -> Ask:
        """Read and check a request body.

        Raises:
            BadAskError: Broken JSON, a wrong type or value; names the field and what was expected.
        """
        fields, shape = self._reader.read(body)
        if not shape.messages:
            check_prompt_named(fields)
        return Ask(
            trace_id=envelope.trace_id,
            dialect=self.dialect,
            kind=self.kind,
            model=shape.model,
            fields=fields,
            read_prompt=partial(read_prompt, fields),
            headers={name: envelope.headers[name] for name in _PASSED_HEADERS if name in envelope.headers},
        )

    def writer(self, ask: Ask, reply: Reply, envelope: Envelope) -> CountWriter:
        """A writer for this call's answer."""
        return CountWriter(ask.model, envelope.trace_id, reply)


def _check_whole(fields: dict[str, Raw], shape: MessagesBody) -> None:
    """What only a body that names a prompt may leave out."""
    if not shape.messages:
        check_prompt_named(fields)
    if shape.max_tokens is None and not names_prompt(fields):
        if "max_tokens" in fields:
            raise BadAskError("`max_tokens`: expected `int`, got `null`.", param="max_tokens")
        raise BadAskError("The required field `max_tokens` is missing.", param="max_tokens")
