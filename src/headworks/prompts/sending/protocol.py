"""What a dialect must be able to do with a rendered prompt."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Raw, Struct

from headworks.core.messages import Kind, Prompt, Target
from headworks.prompts.record import Spec
from headworks.prompts.templates import Message

Fields = dict[str, Raw]


class Towards(Struct, frozen=True):
    """What a request is for: its kind, and the model that is asked first, None when that is not known."""

    kind: Kind = "chat"
    target: Target | None = None


class Sender(Protocol):
    """Writes prompts for clients of one dialect."""

    def read(self, fields: Fields) -> Prompt:
        """The neutral prompt of the fields it has written.

        Raises:
            BadAskError: The client's own fields are not right.
        """

    def fields(self, given: Mapping[str, Raw], messages: Sequence[Message], spec: Spec, towards: Towards) -> Fields:
        """The fields of a request: those `given`, the messages before the client's own, and the prompt's parameters.

        Raises:
            BadAskError: The prompt holds what this dialect cannot say; the field is named.
        """
