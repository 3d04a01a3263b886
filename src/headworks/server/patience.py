"""How long a client waits, as its headers say, and how often it has asked before.

Its own deadline goes first (`x-headworks-deadline-ms`). OpenAI's and Anthropic's SDKs tell their read time-out in each
request (`x-stainless-read-timeout`, seconds): an answer that is not streamed must be whole by then, and a stream must
have begun, since heartbeats keep it alive from there on.
"""

from collections.abc import Mapping

from headworks.core.errors import BadAskError
from headworks.core.messages import Ask

DEADLINE = "x-headworks-deadline-ms"
MOST_MS = 86_400_000
_SDK_WAITS = "x-stainless-read-timeout"
_SDK_RETRIES = "x-stainless-retry-count"
_HEAD_START_S = 0.25
"""So much before its SDK gives up a client is told: an answer that comes when it has hung up is of no use."""


def note_patience(ask: Ask, headers: Mapping[str, str], received_s: float) -> None:
    """Put on `ask` what the headers of a request that came at `received_s` (monotonic clock) say of its patience.

    Raises:
        BadAskError: `x-headworks-deadline-ms` is not a whole number of milliseconds from 1 to a day.
    """
    given = headers.get(DEADLINE)
    if given is not None:
        ask.deadline_s = received_s + _milliseconds(given) / 1000
    elif _SDK_WAITS in headers and (waits_s := _seconds(headers[_SDK_WAITS])):
        until_s = received_s + max(waits_s - _HEAD_START_S, waits_s / 2)
        if ask.stream:
            ask.begin_by_s = until_s
        else:
            ask.deadline_s = until_s
    repeated = headers.get(_SDK_RETRIES)
    if repeated is not None and repeated.isdecimal():
        ask.client_retries = min(int(repeated[:6]), 1000)


def _milliseconds(text: str) -> int:
    value = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_MS)) else 0
    if not 1 <= value <= MOST_MS:
        raise BadAskError(f"`{DEADLINE}`: expected a whole number of milliseconds from 1 to {MOST_MS}.", param=DEADLINE)
    return value


def _seconds(text: str) -> float | None:
    """The SDK's time-out; None for one that is none (`None`, `inf`, nonsense)."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < MOST_MS else None
