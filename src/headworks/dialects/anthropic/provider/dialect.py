"""The provider's side: how to speak with a provider of the Anthropic dialect. Base URLs end in `/v1`."""

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from headworks.core.errors import BadAskError, ProviderError
from headworks.core.messages import Ask, Target
from headworks.core.prefix import Marks
from headworks.core.replies import Event
from headworks.dialects.anthropic.errors import read_error
from headworks.dialects.anthropic.provider.answers import read_count, read_message
from headworks.dialects.anthropic.provider.marks import mark_body, mark_fields
from headworks.dialects.anthropic.provider.request import write_body
from headworks.dialects.anthropic.provider.stream import MessageStreamReader
from headworks.dialects.arranging import arranged
from headworks.dialects.gaps import Gaps
from headworks.dialects.protocols import WireRequest

API_VERSION = "2023-06-01"
_PATHS = {"chat": "/messages", "completion": "/messages", "count": "/messages/count_tokens"}
_COUNTED = ("model", "system", "messages", "tools", "tool_choice", "thinking", "output_config")


class AnthropicDialect:
    """Writes requests for, and reads replies of, a provider of this dialect."""

    name = "anthropic"

    def request(self, ask: Ask, target: Target, marks: Marks | None = None) -> WireRequest:
        """The request for `ask`: the client's own fields where it speaks this dialect, else its prompt translated.

        Raises:
            BadAskError: A field without counterpart, or embeddings, which this dialect does not offer.
        """
        path = _PATHS.get(ask.kind)
        if path is None:
            raise BadAskError(
                f"The model `{ask.model}` cannot make embeddings: its provider speaks the Anthropic dialect, which has "
                "none. Choose an embedding model.",
                param="model",
            )
        if ask.dialect == self.name:
            fields = ask.fields | {"model": Raw(msgspec.json.encode(target.provider_model))}
            if marks is not None:
                fields = mark_fields(fields, marks)
            headers = {"anthropic-version": API_VERSION} | ask.headers
            return WireRequest(path=path, body=msgspec.json.encode(fields), headers=headers)
        gaps = Gaps("Anthropic", target)
        body = write_body(ask.prompt if marks is None else arranged(ask.prompt), target, gaps)
        if marks is not None:
            mark_body(body, marks)
        if ask.kind == "count":
            body = {name: body[name] for name in _COUNTED if name in body}
        elif ask.stream:
            body["stream"] = True
        headers = {"anthropic-version": API_VERSION}
        return WireRequest(path=path, body=msgspec.json.encode(body), headers=headers, dropped=gaps.names)

    def read_whole(self, ask: Ask, body: bytes) -> list[Event]:
        """What a whole (not streamed) reply means.

        Raises:
            ProviderError: Not JSON, or not this dialect's shape.
        """
        return read_count(body) if ask.kind == "count" else read_message(body)

    def stream_reader(self, ask: Ask) -> MessageStreamReader:
        """A reader for this call's stream."""
        return MessageStreamReader()

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """A provider's error answer as ours."""
        return read_error(status, headers, body)
