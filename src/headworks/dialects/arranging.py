"""Write a neutral prompt so that its beginning is the same each time: for providers whose dialect the client lacks.

The order of tools has no meaning to any provider, so they go by name. Documents go before the question where a turn is
one text and documents after it. Nothing else changes its place: texts may speak of what stands before or after them.
The order of a schema's keys stays as well, since models write their arguments in it.
"""

from msgspec.structs import replace

from headworks.core.messages import Document, Message, Prompt, Text


def arranged(prompt: Prompt) -> Prompt:
    """The prompt, its tools by name and its documents first."""
    tools = tuple(sorted(prompt.tools, key=lambda tool: tool.name))
    messages = tuple(_documents_first(message) for message in prompt.messages)
    return replace(prompt, tools=tools, messages=messages)


def _documents_first(message: Message) -> Message:
    first, *rest = message.parts or (None,)
    if message.role != "user" or not rest or not isinstance(first, Text):
        return message
    if not all(isinstance(part, Document) for part in rest):
        return message
    return replace(message, parts=(*rest, first))
