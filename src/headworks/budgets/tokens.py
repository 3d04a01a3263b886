"""Count tokens offline: for providers that cannot count, and for calls whose provider never said what they used.

The event loop is never held up: a vocabulary is built in a thread when it is first needed, long texts are encoded there
too, and an estimate, which cannot wait, makes do with what is at hand.
"""

import asyncio
import math
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import tiktoken
from msgspec import Struct

from headworks.budgets.bound import bound_tokens
from headworks.budgets.encodings import PIECE_CHARACTERS, build, count
from headworks.budgets.families import Family, family_of
from headworks.budgets.tally import Tally, tally
from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Target
from headworks.core.replies import Usage

AT_ONCE_CHARACTERS = PIECE_CHARACTERS
"""Encoded on the event loop. An estimate encodes so much and takes the rest to be alike."""
ENCODED_CHARACTERS = 4_000_000
"""Encoded in the thread; what a count has beyond that is taken to be alike."""
BYTES_PER_TOKEN = 4
"""Without a vocabulary: the usual rule of thumb. Set against o200k_base it says 0.8 to 1.2 times the truth for English,
German, code, Chinese and Japanese, and up to 2.3 times for other scripts of several bytes a letter.
"""
_USUAL = "o200k_base"


class Count(Struct, frozen=True):
    """Tokens of a prompt. Unless `exact`, the truth is expected within `margin` of it, as a share."""

    tokens: int
    exact: bool
    margin: float


class TokenCounter:
    """Counts tokens by the rules of the model's family, with the official vocabularies."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokens")
        self._encodings: dict[str, Future[tiktoken.Encoding]] = {}

    async def start(self) -> None:
        """Nothing is loaded before it is needed."""

    async def stop(self) -> None:
        """Let the thread end; what it has not begun is dropped. Estimates go on, with what is loaded."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def count(self, target: Target, ask: Ask) -> int:
        """Input tokens of an ask; see `measure` for how sure that is."""
        return (await self.measure(target, ask)).tokens

    async def measure(self, target: Target, ask: Ask) -> Count:
        """Input tokens of an ask, as the target's model counts them."""
        family = family_of(target.provider_model)
        found = tally(ask.prompt, family, framed=ask.kind in ("chat", "count"))
        # Shielded: a client that leaves must not cancel the build that others wait for.
        encoding = await asyncio.shield(asyncio.wrap_future(self._encoding(family.encoding)))
        if sum(map(len, found.texts)) > AT_ONCE_CHARACTERS:
            loop = asyncio.get_running_loop()
            plain = await loop.run_in_executor(self._thread, _encoded, encoding, found.texts, ENCODED_CHARACTERS)
        else:
            plain = _encoded(encoding, found.texts, AT_ONCE_CHARACTERS)
        exact = family.exact and found.exact
        return Count(_total(plain, found, family), exact=exact, margin=0.0 if exact else max(family.margin, 0.05))

    def bound(self, target: Target, ask: Ask) -> int:
        """Input tokens of an ask at most, at once and without a vocabulary; `budgets/bound.py` says why it is no less.

        A provider takes no more than the model's context window, which may be less.
        """
        return bound_tokens(family_of(target.provider_model), ask)

    def estimate(self, target: Target, ask: Ask, output_text: str) -> Usage:
        """What a call used, as well as can be said at once: by the vocabulary where it is loaded, else by bytes.

        An interrupted call loads no vocabulary by itself: 50 MB of memory are not worth a better guess.
        """
        family = family_of(target.provider_model)
        encoding = self._at_hand(family.encoding)
        try:
            found = tally(ask.prompt, family, framed=ask.kind == "chat")
        except BadAskError:  # passed through in words that only the provider knows
            found = Tally([bytes(value)[:AT_ONCE_CHARACTERS].decode(errors="replace") for value in ask.fields.values()])
        return Usage(
            input_tokens=_total(_at_once(encoding, found.texts), found, family),
            output_tokens=_times(_at_once(encoding, [output_text]), family),
            estimated=True,
        )

    def text(self, text: str, *, wait: bool = False) -> int:
        """Tokens of a text by itself, in the vocabulary that most models count with.

        Args:
            text: Any.
            wait: Load the vocabulary first where that is to be done, which takes a third of a second; else it is loaded
                in the background, and the first count is by bytes.
        """
        loading = self._encoding(_USUAL)
        return _at_once(loading.result() if wait else self._at_hand(_USUAL), [text])

    def _at_hand(self, name: str) -> tiktoken.Encoding | None:
        """The encoding if it is loaded. A call must not fail for want of a vocabulary."""
        loading = self._encodings.get(name)
        if loading is None or not loading.done() or loading.cancelled() or loading.exception():
            return None
        return loading.result()

    def _encoding(self, name: str) -> Future[tiktoken.Encoding]:
        """The encoding, or the promise of it."""
        if name not in self._encodings:
            self._encodings[name] = self._thread.submit(build, name)
        return self._encodings[name]


def _total(plain: int, found: Tally, family: Family) -> int:
    return _times(plain, family) + found.beside


def _times(plain: int, family: Family) -> int:
    """Tokens of the family, rounded up; not for the last digit of a float: 100 x 1.1 is 110."""
    return math.ceil(plain * family.factor - 1e-9)


def _at_once(encoding: tiktoken.Encoding | None, texts: Sequence[str]) -> int:
    if encoding is not None:
        return _encoded(encoding, texts, AT_ONCE_CHARACTERS)
    return math.ceil(sum(map(_size, texts)) / BYTES_PER_TOKEN)


def _encoded(encoding: tiktoken.Encoding, texts: Sequence[str], limit: int) -> int:
    """Tokens of the texts; beyond `limit` characters, as many for each character as before."""
    tokens = seen = 0
    for text in texts:
        if seen == limit:
            break
        piece = text[: limit - seen]
        tokens += count(encoding, piece)
        seen += len(piece)
    whole = sum(map(len, texts))
    return tokens if seen == whole else math.ceil(tokens * whole / seen)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
