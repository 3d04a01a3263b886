"""What a call has used: the figures that the record knows, and the budgets room settles."""

from msgspec import Struct, field


class Part(Struct):
    """Of one model."""

    nano: int = 0
    tokens: int = 0


_NOTHING = Part()


class Bill(Struct):
    """What the attempts of a call that have ended used, as far as it is known.

    Attributes:
        nano: Nano-dollars, of those whose price is known.
        tokens: Read and written.
        by_model: The same for each model, by its name in the config.
    """

    nano: int = 0
    tokens: int = 0
    by_model: dict[str, Part] = field(default_factory=dict)

    def since(self, before: "Bill") -> "Bill":
        """What of it was added after `before` stood like this."""
        parts: dict[str, Part] = {}
        for model, part in self.by_model.items():
            known = before.by_model.get(model, _NOTHING)
            parts[model] = Part(part.nano - known.nano, part.tokens - known.tokens)
        return Bill(self.nano - before.nano, self.tokens - before.tokens, parts)

    def add(self, model: str, nano: int, tokens: int) -> None:
        """One attempt more."""
        part = self.by_model.setdefault(model, Part())
        part.nano += nano
        part.tokens += tokens
        self.nano += nano
        self.tokens += tokens
