"""The pieces of a message: text that stands, values, pictures, and code for what is more than that.

Most templates are text and values. Those are put together here, at a tenth of what a template engine takes.
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import Template
from msgspec import Struct

from headworks.prompts.files.roles import Role
from headworks.prompts.templates.meter import Meter
from headworks.prompts.templates.sandbox import METER, shown
from headworks.prompts.values import Picture

Content = str | Picture


class Value(Struct, frozen=True):
    """A variable by itself."""

    name: str


class Pictures(Struct, frozen=True):
    """A variable that holds a picture, or a list of them."""

    name: str


class Code(Struct, frozen=True):
    """Conditions, loops and expressions."""

    template: Template

    def text(self, values: Mapping[str, Any], meter: Meter) -> str:
        """What it writes. Raises what the values make it raise."""
        context = self.template.new_context({**values, METER: meter})
        return "".join([meter.add(piece) for piece in self.template.root_render_func(context)])


Piece = str | Value | Pictures | Code


class Message(Struct, frozen=True):
    """A message to be sent: texts and pictures, in order."""

    role: Role
    parts: tuple[Content, ...]

    @property
    def text(self) -> str:
        """Its texts, joined."""
        return "".join(part for part in self.parts if isinstance(part, str))


class Section(Struct, frozen=True):
    """A message of a template."""

    role: Role
    pieces: tuple[Piece, ...]

    def message(self, values: Mapping[str, Any], meter: Meter) -> Message | None:
        """The message with values put in; None when nothing but white space is left."""
        parts: list[Content] = []
        text: list[str] = []
        for piece in self.pieces:
            if isinstance(piece, str):
                text.append(meter.add(piece))
            elif isinstance(piece, Value):
                text.append(meter.add(str(shown(values[piece.name]))))
            elif isinstance(piece, Code):
                text.append(piece.text(values, meter))
            elif pictures := _pictures(values[piece.name]):
                _flush(text, parts)
                parts += pictures
        _flush(text, parts)
        return Message(self.role, tuple(parts)) if parts else None

    def standing(self) -> tuple[str, bool]:
        """The text before the first thing that can differ, and whether that is all of the message."""
        lead: list[str] = []
        for piece in self.pieces:
            if not isinstance(piece, str):
                return "".join(lead), False
            lead.append(piece)
        return "".join(lead), True


def _flush(text: list[str], parts: list[Content]) -> None:
    whole = "".join(text)
    text.clear()
    if whole.strip():
        parts.append(whole)


def _pictures(value: Any) -> list[Picture]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
