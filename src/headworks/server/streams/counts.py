"""What Prometheus sees of the stream log."""

import os

from prometheus_client import CollectorRegistry, Counter, generate_latest


class Counts:
    """The counters of one process. With PROMETHEUS_MULTIPROC_DIR set, the page of the calls shows them, too."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._shared = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        self.resumed = Counter(
            "headworks_streams_resumed", "Streams that clients re-attached to.", registry=self._registry
        )
        self.lost = Counter(
            "headworks_streams_lost", "Streams that could not be kept to their end.", registry=self._registry
        )

    def text(self) -> bytes:
        """The exposition in Prometheus text format; nothing where another page has them."""
        return b"" if self._shared else generate_latest(self._registry)
