"""Faults that a game day injects into a running gateway: named, aimed at a provider, and ended by the clock.

Only where the config says `game_day: true`, which is for staging. All workers of a gateway share the faults through a
file in the data directory. A fault ends at its time even if whoever began it is gone; a broken file injects nothing.
"""

import random
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from headworks.core.clock import Clock
from headworks.core.errors import BadAskError, ProviderError, StoreError
from headworks.core.messages import Target
from headworks.dialects.errors import provider_failure

FILE = "game-day.json"
LOOK_S = 0.5
"""How often the file is looked at, at most."""
MOST_S = 24 * 3600.0
MOST_FAULTS = 100
SLOW_S = 20.0
"""How late `slow-first-byte` lets a provider begin."""
LONGEST_PIECES = 40
"""`cut-streams` and `stalled-streams` strike within so many pieces."""

Kind = Literal["down", "errors", "rate-limited", "revoked-key", "slow-first-byte", "cut-streams", "stalled-streams"]
KINDS: tuple[Kind, ...] = (
    "down",
    "errors",
    "rate-limited",
    "revoked-key",
    "slow-first-byte",
    "cut-streams",
    "stalled-streams",
)


class Fault(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fault.

    Attributes:
        fault: What goes wrong.
        provider: At which provider of the config.
        model: Only for this model of it (the provider's name for it); None for all.
        share: How large a share of the calls it strikes.
        until: When it ends, Unix seconds.
    """

    fault: Kind
    provider: str
    model: str | None = None
    share: float = 1.0
    until: float = 0.0


class GameDay:
    """The faults in force.

    Args:
        data_dir: Where the workers' common file is.
        clock: Wall time for the end of faults, monotonic for looking at the file.
        rng: Dice for shares.
    """

    def __init__(self, data_dir: Path, clock: Clock, rng: random.Random) -> None:
        self._path = data_dir / FILE
        self._clock = clock
        self._rng = rng
        self._faults: tuple[Fault, ...] = ()
        self._seen: tuple[int, int] = (0, 0)
        self._look_at_s = float("-inf")

    def inject(self, fault: Fault, seconds: float) -> Fault:
        """Begin a fault that ends in `seconds`; one of the same kind and aim is replaced.

        Raises:
            BadAskError: A time or share that makes no sense, or too many faults.
            StoreError: It cannot be written down for the other workers.
        """
        if not 0 < seconds <= MOST_S:
            raise BadAskError(f"`seconds`: expected more than 0 and at most {MOST_S:.0f}.", param="seconds")
        if not 0 < fault.share <= 1:
            raise BadAskError("`share`: expected more than 0 and at most 1.", param="share")
        begun = msgspec.structs.replace(fault, until=self._clock.now() + seconds)
        others = [old for old in self.all() if (old.fault, old.provider, old.model) != _aim(fault)]
        if len(others) >= MOST_FAULTS:
            raise BadAskError(f"There are {MOST_FAULTS} faults already; end some first.")
        self._write([*others, begun])
        return begun

    def clear(self) -> None:
        """End every fault.

        Raises:
            StoreError: The other workers cannot be told.
        """
        self._write([])

    def all(self) -> list[Fault]:
        """The faults in force."""
        self._look(at_once=True)
        return self._current()

    def find(self, target: Target, key: int) -> Fault | None:
        """The fault that strikes a call to `target` over the provider's key number `key`; None for most."""
        self._look()
        if not self._faults:
            return None
        for fault in self._current():
            if fault.provider != target.provider or fault.model not in (None, target.provider_model):
                continue
            if fault.fault == "revoked-key" and key != 0:
                continue  # one key is revoked: the others go on
            if self._rng.random() < fault.share:
                return fault
        return None

    def strike_after(self) -> int:
        """After how many pieces a stream is struck."""
        return self._rng.randint(1, LONGEST_PIECES)

    def _current(self) -> list[Fault]:
        now_s = self._clock.now()
        # A wall clock that was set back must not make a fault last for ever.
        return [fault for fault in self._faults if now_s < fault.until <= now_s + MOST_S]

    def _look(self, *, at_once: bool = False) -> None:
        now_s = self._clock.monotonic()
        if now_s < self._look_at_s and not at_once:
            return
        self._look_at_s = now_s + LOOK_S
        try:
            found = self._path.stat()
            seen = (found.st_mtime_ns, found.st_ino)
            if seen != self._seen:
                self._faults = msgspec.json.decode(self._path.read_bytes(), type=tuple[Fault, ...])
                self._seen = seen
        except (OSError, msgspec.DecodeError):
            self._faults, self._seen = (), (0, 0)

    def _write(self, faults: list[Fault]) -> None:
        beside = self._path.with_suffix(".new")
        try:
            beside.write_bytes(msgspec.json.encode(faults))
            beside.replace(self._path)
        except OSError as error:
            raise StoreError(f"The faults cannot be written to the data directory: {error.strerror}.") from error
        self._look(at_once=True)


def failure(fault: Fault) -> ProviderError | None:
    """The error that takes the place of a call; None for faults that strike later."""
    match fault.fault:
        case "down":
            return ProviderError(
                f"The connection to provider `{fault.provider}` failed: connection refused (a game day's fault)."
            )
        case "errors":
            return provider_failure(500, "a game day's fault")
        case "rate-limited":
            return provider_failure(429, "a game day's fault", retry_after_s=1.0)
        case "revoked-key":
            return provider_failure(401, "a game day's fault")
        case _:
            return None


def _aim(fault: Fault) -> tuple[str, str, str | None]:
    return (fault.fault, fault.provider, fault.model)
