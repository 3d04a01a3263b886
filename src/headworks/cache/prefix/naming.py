"""What of one prompt is named to an account that keeps it, and what the account is to keep from now on."""

from msgspec import Struct

from headworks.cache.prefix.contents import Bill, Content, Contents
from headworks.cache.prefix.economics import Reuse, best_stay, longer_gain
from headworks.core.prefix import Beginning, Cut, Named, Wish


class Stretch(Struct, frozen=True):
    """A beginning of a prompt that may be kept under a name.

    Attributes:
        upto: Up to where it goes.
        name: Ours, of what the account keeps of it.
        size: Bytes.
        reuse: Uses expected to follow; None where it may change.
        gap_s: The usual time between two; 0 when nobody knows.
    """

    upto: Beginning
    name: bytes
    size: int
    reuse: Reuse | None
    gap_s: float


class Tariff(Struct, frozen=True):
    """What an account asks for: nano-dollars per token, and per token and hour."""

    input_nano: int
    cached_nano: int
    hour_nano: int


class Naming(Struct, frozen=True):
    """What was decided: what may be named, the longest first, and what is to be kept; `name` is ours for that."""

    named: tuple[Named, ...] = ()
    wish: Wish | None = None
    name: bytes = b""
    size: int = 0

    def bill(self, provider: str, tariff: Tariff) -> Bill:
        """What the wish costs."""
        return Bill(provider, self.size, tariff.input_nano, tariff.hour_nano)


def naming(stretches: list[Stretch], contents: Contents, account: bytes, tariff: Tariff, now_s: float) -> Naming:
    """Decide. `stretches` are those long enough to be kept, the shortest first."""
    named: list[Named] = []
    kept_size, best, decided = 0, 0.0, Naming()
    for stretch in stretches:
        content = contents.find(stretch.name)
        held = None if content is None else content.held(now_s)
        if content is not None and held is not None:
            named.insert(0, held)
            kept_size = content.size
        wish, gain = _wish(stretch, content if held else None, kept_size, tariff, now_s)
        if wish is not None and gain > best and contents.may(stretch.name, account, now_s):
            best, decided = gain, Naming((), wish, stretch.name, stretch.size)
    return Naming(tuple(named), decided.wish, decided.name, decided.size)


def _wish(
    stretch: Stretch, held: Content | None, kept_size: int, tariff: Tariff, now_s: float
) -> tuple[Wish | None, float]:
    """What is to be kept of a stretch, and what that is expected to save, in prices of a byte of input."""
    reuse, gap_s = stretch.reuse, stretch.gap_s
    if reuse is None or not tariff.input_nano:
        return None, 0.0
    read, hour = tariff.cached_nano / tariff.input_nano, tariff.hour_nano / tariff.input_nano
    share = 1 - min(kept_size, stretch.size) / stretch.size
    stay = best_stay(reuse, gap_s, read, hour, share)
    if stay.gain > 0 or held is None or held.named is None or not held.ends_soon(now_s):
        return Wish(Cut(stretch.upto), stay.life), stay.gain * stretch.size
    longer = longer_gain(held.life, reuse, gap_s, read, hour)
    return Wish(held.named.cut, held.life, held.named.name), longer * held.size
