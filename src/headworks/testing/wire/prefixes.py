"""What the fake keeps of prompts, as real providers do: by key and model, for a while, and told in the usage.

Anthropic keeps what is marked, for five minutes or an hour, and looks for it at each mark and the twenty blocks before.
OpenAI and Gemini keep every prompt unasked; the fake does so for five minutes. Each use keeps a prefix anew. A token is
four bytes of what stands in the prompt. Sources: platform.claude.com/docs/en/build-with-claude/prompt-caching,
developers.openai.com/api/docs/guides/prompt-caching, ai.google.dev/gemini-api/docs/caching (read 2026-11-24).
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Literal

import msgspec
from msgspec import Struct

from headworks.core.clock import Clock

BYTES_PER_TOKEN = 4
LOOKED_BACK = 20
_LIFE_S = {"5m": 300.0, "1h": 3_600.0}


class Piece(Struct, frozen=True):
    """A block of a prompt. `life` says how long it and all before it are to be kept; None for a block without a mark.

    What is kept `unasked` costs nothing to write.
    """

    content: object
    life: Literal["5m", "1h"] | None = None
    unasked: bool = False


class Kept(Struct, frozen=True):
    """Tokens of one prompt that were read from what is kept, and that were written to it."""

    read: int = 0
    written_5m: int = 0
    written_1h: int = 0


class PrefixCache:
    """What one fake keeps.

    Args:
        clock: Source of time.
        least_tokens: Shorter prefixes are not kept.
    """

    def __init__(self, clock: Clock, least_tokens: int) -> None:
        self._clock = clock
        self._least = least_tokens
        self._until_s: dict[bytes, float] = {}

    def take(self, owner: str, pieces: Iterable[Piece]) -> Kept:
        """A prompt of `owner` (a key and a model): what of it is kept, and keep what is to be."""
        now_s = self._clock.monotonic()
        hashed, size = blake2b(owner.encode()), 0
        known: list[tuple[bytes, int, Piece]] = []
        for piece in pieces:
            text = msgspec.json.encode(piece.content)
            hashed.update(text)
            size += len(text)
            known.append((hashed.digest(), size // BYTES_PER_TOKEN, piece))
        marked = [at for at, (_, tokens, piece) in enumerate(known) if piece.life and tokens >= self._least]
        found = [at for at in range(len(known)) if self._is_found(at, marked, known[at][0], now_s)]
        read = known[found[-1]][1] if found else 0
        written = {"5m": 0, "1h": 0}
        before = read
        for at in marked:
            name, tokens, piece = known[at]
            assert piece.life is not None, "it is marked"
            if tokens > before:
                written[piece.life] += 0 if piece.unasked else tokens - before
                before = tokens
            self._until_s[name] = now_s + _LIFE_S[piece.life]
        return Kept(read, written["5m"], written["1h"])

    def _is_found(self, at: int, marked: list[int], name: bytes, now_s: float) -> bool:
        looked = any(0 <= mark - at <= LOOKED_BACK for mark in marked)
        return looked and self._until_s.get(name, 0.0) > now_s
