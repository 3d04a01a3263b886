"""An answer as the verifier sees it: what it says, what it calls, whether it refuses."""

from collections.abc import Iterable

from msgspec import Struct

from headworks.core.replies import Event, RefusalDelta, TextDelta, ToolArgumentsDelta, ToolCallStarted


class Call(Struct, frozen=True):
    """A tool call: name, and arguments as the JSON text that the model wrote."""

    name: str
    arguments: str


class Answer(Struct, frozen=True, kw_only=True):
    """One choice of a reply.

    Attributes:
        text: All its text, reasoning left out.
        calls: Its tool calls, in order.
        refused: Whether the provider marked it as a refusal.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    refused: bool = False


def answer_of(events: Iterable[Event]) -> Answer:
    """The first choice of a reply's events, folded or not."""
    texts: list[str] = []
    names: dict[int, str] = {}
    arguments: dict[int, list[str]] = {}
    refused = False
    for event in events:
        match event:
            case TextDelta(text=text, choice=0):
                texts.append(text)
            case ToolCallStarted(slot=slot, name=name, choice=0):
                names[slot] = name
            case ToolArgumentsDelta(slot=slot, fragment=fragment, choice=0):
                arguments.setdefault(slot, []).append(fragment)
            case RefusalDelta(choice=0):
                refused = True
    calls = tuple(Call(name, "".join(arguments.get(slot, ()))) for slot, name in sorted(names.items()))
    return Answer(text="".join(texts), calls=calls, refused=refused)
