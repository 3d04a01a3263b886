"""What a call has used: the figures that the record knows, and the budgets room settles."""

from msgspec import Struct, field


class Part(Struct):
    """Of one model."""

    nano: int = 0
    tokens: int = 0


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

    def add(self, model: str, nano: int, tokens: int) -> None:
        """One attempt more."""
        part = self.by_model.setdefault(model, Part())
        part.nano += nano
        part.tokens += tokens
        self.nano += nano
        self.tokens += tokens
