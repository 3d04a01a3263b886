"""Read a request body: JSON with checked types on one side, the client's own bytes per field on the other.

Both views come from the same bytes, so what was checked is what is passed on. Every fault names the field and what was
expected, and is found before any provider is called.
"""

import re
from typing import Generic, TypeVar

import msgspec
from msgspec import Raw

from headworks.core.errors import BadAskError

T = TypeVar("T")
NO_MESSAGES = Raw(b"[]")
"""The messages of a chat that only names a prompt, before it is built."""
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_PLACE = re.compile(r" - at `(?:key in )?\$?\.?(.*)`$")


class BodyReader(Generic[T]):
    """Reads bodies of one endpoint. `shape` is a msgspec Struct of the fields we know; others are let through."""

    def __init__(self, shape: type[T]) -> None:
        self._typed = msgspec.json.Decoder(shape)

    def read(self, body: bytes) -> tuple[dict[str, Raw], T]:
        """The top-level fields as sent, in order, and the checked values.

        Raises:
            BadAskError: Not UTF-8, not JSON, not an object, nested too deeply, or a field of the wrong type or value.
        """
        if not body:
            raise BadAskError("The request body is empty; send a JSON object.")
        try:
            if not body.isascii():
                str(body, "utf-8")
            return _FIELDS.decode(body), self._typed.decode(body)
        except UnicodeDecodeError as error:
            raise BadAskError(f"The request body is not UTF-8: a bad byte at position {error.start}.") from error
        except msgspec.ValidationError as error:
            raise _wrong_value(str(error)) from error
        except msgspec.DecodeError as error:
            raise BadAskError(f"The request body is not JSON: {error}.") from error
        except RecursionError as error:
            raise BadAskError("The request body is nested too deeply.") from error


def _wrong_value(complaint: str) -> BadAskError:
    """The complaint of msgspec ("Expected `int`, got `str` - at `$.n`") as ours, naming the field."""
    place = _PLACE.search(complaint)
    what = _PLACE.sub("", complaint)
    if missing := re.match(r"Object missing required field `(.+)`", what):
        name = f"{place.group(1)}.{missing.group(1)}" if place and place.group(1) else missing.group(1)
        return BadAskError(f"The required field `{name}` is missing.", param=name)
    if place and place.group(1):
        return BadAskError(f"`{place.group(1)}`: {what[0].lower()}{what[1:]}.", param=place.group(1))
    return BadAskError(f"The request body is not valid: {what[0].lower()}{what[1:]}.")


def names_prompt(fields: dict[str, Raw]) -> bool:
    """Whether a chat is to be built from a prompt: it has `variables`, or a `prompt` that is an object."""
    return "variables" in fields or ("prompt" in fields and bytes(memoryview(fields["prompt"])[:1]) == b"{")


def check_prompt_named(fields: dict[str, Raw]) -> None:
    """A chat without messages must name a prompt.

    Raises:
        BadAskError: It does not.
    """
    if names_prompt(fields):
        return
    if "messages" not in fields:
        raise BadAskError("The required field `messages` is missing.", param="messages")
    raise BadAskError("`messages`: expected `array` of length >= 1.", param="messages")
