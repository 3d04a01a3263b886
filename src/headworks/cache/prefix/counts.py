"""What is kept under names, in numbers for Prometheus: nobody's call pays for it, so no trace tells of it.

With PROMETHEUS_MULTIPROC_DIR set the page of the calls shows all workers as one, these numbers among them.
"""

import os
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, generate_latest

NANO_PER_USD = 1_000_000_000

Outcome = Literal["made", "prolonged", "failed", "gone"]
Charge = Literal["write", "storage"]


class Counts:
    """The numbers of one process.

    Attributes:
        paid_nano: Nano-dollars paid so far, by what for and provider.
    """

    def __init__(self) -> None:
        self.paid_nano: dict[tuple[Charge, str], int] = {}
        self._shared = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        self._registry = CollectorRegistry()
        self._ended = Counter(
            "headworks_prefix_contents",
            "Prefixes kept under a name by providers, by what became of them.",
            ["provider", "outcome"],
            registry=self._registry,
        )
        self._paid = Counter(
            "headworks_prefix_contents_usd",
            "Dollars that they cost: written as input, and stored by the hour.",
            ["provider", "kind"],
            registry=self._registry,
        )

    def ended(self, outcome: Outcome, provider: str) -> None:
        """An order has ended so, or a name is known no more."""
        self._ended.labels(provider, outcome).inc()

    def paid(self, charge: Charge, provider: str, nano: int) -> None:
        """Something was paid for."""
        self.paid_nano[charge, provider] = self.paid_nano.get((charge, provider), 0) + nano
        self._paid.labels(provider, charge).inc(nano / NANO_PER_USD)

    def text(self) -> bytes:
        """The exposition in Prometheus text format; nothing where the page of the calls has it."""
        return b"" if self._shared else generate_latest(self._registry)
