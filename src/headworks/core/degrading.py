"""What answers when a feature cannot: the rungs of its ladder, as plain values carried by the `Route`."""

from typing import Literal

from msgspec import Struct

Level = Literal["model", "cache", "search", "rule", "message"]


class Rung(Struct, frozen=True, kw_only=True):
    """One step down.

    Attributes:
        level: `model` (another model), `cache` (an answer that was given before), `search` (passages of the feature's
            documents), `rule` (an answer to a pattern), `message` (a fixed text).
        model: Name of the config, for `model`.
        max_error: Of `cache`: share of answers that may be wrong because they answer another question; None for
            answers to the same question only.
        index: Of `search`: which documents.
        top_k: Of `search`: how many passages.
        rules: Of `rule`: pattern and answer, the first that matches counts.
        text: Of `message`.
    """

    level: Level
    model: str = ""
    max_error: float | None = None
    index: str = ""
    top_k: int = 3
    rules: tuple[tuple[str, str], ...] = ()
    text: str = ""
