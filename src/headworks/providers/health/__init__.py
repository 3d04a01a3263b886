"""What is known of the providers' health: whether a lane may be asked now, how many calls at once, and how fast it is.

In: how calls ended. Out: leave to make a call (or not, and when to ask again). A lane is a model at a provider with one
key. Pure and synchronous but for the waiting in a limiter's queue; time is injected. Fails open: when workers cannot
share what they know, each goes on by itself; nothing here ever keeps a healthy provider from being asked.
"""

from headworks.providers.health.board import Board, LocalBoard
from headworks.providers.health.entries import Entry
from headworks.providers.health.health import Health
from headworks.providers.health.lanes import Admission, Lane, Place
from headworks.providers.health.latencies import Latencies
from headworks.providers.health.limiter import Limiter, LimiterSettings
from headworks.providers.health.rules import HealthSettings
from headworks.providers.health.shared import SharedBoard
from headworks.providers.health.states import LaneState
from headworks.providers.health.throttle import RetryThrottle, ThrottleSettings

__all__ = [
    "Admission",
    "Board",
    "Entry",
    "Health",
    "HealthSettings",
    "Lane",
    "LaneState",
    "Latencies",
    "Limiter",
    "LimiterSettings",
    "LocalBoard",
    "Place",
    "RetryThrottle",
    "SharedBoard",
    "ThrottleSettings",
]
