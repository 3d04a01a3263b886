"""What a dialect must be able to do with a rendered prompt."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Raw

from headworks.core.messages import Kind, Prompt
from headworks.prompts.record import Spec
from headworks.prompts.templates import Message

Fields = dict[str, Raw]


class Sender(Protocol):
    """Writes prompts for clients of one dialect.

    Attributes:
        read: The neutral prompt of the fields it has written, by the kind of the call.
    """

    read: Callable[[Fields], Prompt]

    def fields(self, given: Mapping[str, Raw], messages: Sequence[Message], spec: Spec, kind: Kind) -> Fields:
        """The fields of a request: those `given`, the messages before the client's own, and the prompt's parameters.

        Raises:
            BadAskError: The prompt holds what this dialect cannot say; the field is named.
        """
