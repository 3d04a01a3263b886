"""The rules that breakers, rests and claims follow, with their defaults."""

from msgspec import Struct


class HealthSettings(Struct, frozen=True, kw_only=True):
    """The rules. Times in seconds.

    Attributes:
        window_s: How far back the share of failures is taken.
        buckets: Of how many buckets the window is made; it looks back up to one bucket further.
        results: How many results the window must hold before their share means anything.
        share: Failed share from which on the breaker opens.
        row: So many failures in a row open it as well,
        row_s: when they lie within this time.
        open_s: How long it stays open the first time.
        open_most_s: How long it stays open at most.
        probes: How many probes in a row must succeed to close it.
        claim_s: When a probe that has not ended is given up: its process may have died.
        limited_s: First rest after a 429 that does not say how long to wait.
        limited_most_s: Longest such rest.
        told_most_s: Longest wait that a provider is believed.
        denied_s: Rest of a dead key.
        ask_again_s: When it is worth asking again while another call probes.
        look_s: How often changes by other workers are looked for, at most.
        lanes: How many lanes have counters at most.
    """

    window_s: float = 2.0
    buckets: int = 8
    results: int = 20
    share: float = 0.6
    row: int = 5
    row_s: float = 60.0
    open_s: float = 1.0
    open_most_s: float = 5.0
    probes: int = 2
    claim_s: float = 60.0
    limited_s: float = 1.0
    limited_most_s: float = 60.0
    told_most_s: float = 3600.0
    denied_s: float = 300.0
    ask_again_s: float = 0.25
    look_s: float = 0.1
    lanes: int = 10_000
