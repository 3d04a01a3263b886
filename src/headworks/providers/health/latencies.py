"""How long a model usually takes to begin: what is late, and when a hedge is worth its money."""

from collections import OrderedDict

from headworks.providers.health.lanes import NAME_CHARACTERS

KEPT, FEWEST, FRESH_FOR, MODELS = 128, 20, 16, 1000


class _Ring:
    """The last `KEPT` times of one model, and what was last computed from them."""

    __slots__ = ("notes", "p95_s", "sought_at", "times")

    def __init__(self) -> None:
        self.times: list[float] = []
        self.notes = 0
        self.sought_at = -FRESH_FOR
        self.p95_s = 0.0


class Latencies:
    """Times to the first byte by provider and model.

    Args:
        models: How many models are remembered; the ones asked least recently are forgotten.
    """

    def __init__(self, models: int = MODELS) -> None:
        self._most = models
        self._rings: OrderedDict[tuple[str, str], _Ring] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rings)

    def note(self, provider: str, model: str, seconds: float) -> None:
        """A call to `model` began to be answered after `seconds`."""
        name = (provider, model[:NAME_CHARACTERS])
        ring = self._rings.get(name)
        if ring is None:
            ring = self._rings[name] = _Ring()
            if len(self._rings) > self._most:
                self._rings.popitem(last=False)
        else:
            self._rings.move_to_end(name)
        if ring.notes < KEPT:
            ring.times.append(seconds)
        else:
            ring.times[ring.notes % KEPT] = seconds
        ring.notes += 1

    def p95_s(self, provider: str, model: str) -> float | None:
        """The time within which 19 of 20 of the last calls began; None while fewer than 20 are known.

        Computed anew once 16 more times have been noted.
        """
        ring = self._rings.get((provider, model[:NAME_CHARACTERS]))
        if ring is None or ring.notes < FEWEST:
            return None
        if ring.notes - ring.sought_at >= FRESH_FOR:
            ring.sought_at = ring.notes
            ring.p95_s = sorted(ring.times)[-(-19 * len(ring.times) // 20) - 1]
        return ring.p95_s
