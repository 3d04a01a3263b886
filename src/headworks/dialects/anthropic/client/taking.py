"""Take known fields out of a JSON object; what nobody took is named, so that nothing is dropped in silence."""

from typing import Any, TypeVar

from headworks.core.errors import BadAskError

T = TypeVar("T")
_WORDS: dict[type, str] = {str: "a string", bool: "a boolean", int: "a whole number", dict: "an object", list: "a list"}


class Taking:
    """One object of a request body while it is read.

    Args:
        value: The object; read, never changed.
        path: Where it stands in the body (`messages[2].content[0]`), empty for the body itself.
        leftovers: Collects what has no neutral meaning, by path.
    """

    def __init__(self, value: dict[str, Any], path: str, leftovers: dict[str, Any]) -> None:
        self._value = dict(value)
        self.path = path
        self.leftovers = leftovers

    def place(self, key: str) -> str:
        """The path of field `key`."""
        return f"{self.path}.{key}" if self.path else key

    def take(self, key: str, kind: type[T]) -> T | None:
        """The field, None when it is missing or null.

        Raises:
            BadAskError: It is there and not of type `kind`.
        """
        value = self._value.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self._wrong(key, _WORDS[kind])
        return value

    def need(self, key: str, kind: type[T]) -> T:
        """The field.

        Raises:
            BadAskError: It is missing, null, or not of type `kind`.
        """
        value = self.take(key, kind)
        if value is None:
            raise BadAskError(f"The required field `{self.place(key)}` is missing.", param=self.place(key))
        return value

    def number(self, key: str) -> float | None:
        """A number field, whole or not.

        Raises:
            BadAskError: It is there and no number, or one beyond all use.
        """
        value = self._value.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(key, "a number")
        try:
            return float(value)
        except OverflowError as error:
            raise self._wrong(key, "a number of a usual size") from error

    def texts(self, key: str) -> tuple[str, ...]:
        """A field that lists strings; empty when it is missing or null.

        Raises:
            BadAskError: It is there and something else.
        """
        value = self.take(key, list) or ()
        if not all(isinstance(text, str) for text in value):
            raise self._wrong(key, "a list of strings")
        return tuple(value)

    def inner(self, key: str) -> "Taking | None":
        """An object field, to be read in its turn."""
        value = self.take(key, dict)
        return None if value is None else Taking(value, self.place(key), self.leftovers)

    def _wrong(self, key: str, expected: str) -> BadAskError:
        return BadAskError(f"`{self.place(key)}` must be {expected}.", param=self.place(key))

    def leave(self, *meaningless: str) -> None:
        """Name all that was not taken, but for nulls and `meaningless` fields."""
        for key, value in self._value.items():
            if value is not None and key not in meaningless:
                self.leftovers[self.place(key)] = value
