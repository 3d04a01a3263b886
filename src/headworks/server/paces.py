"""How much of its rate limits a client has left, in the headers of the dialect it speaks.

OpenAI: platform.openai.com/docs/guides/rate-limits (durations such as `6m0s`). Anthropic:
docs.anthropic.com/en/api/rate-limits (times as RFC 3339).
"""

from collections.abc import Iterable

from headworks.core.clock import rfc3339
from headworks.core.limits import Pace
from headworks.server.asgi import Headers

_MINUTE_S = 60
_OPENAI = {
    "requests": (b"x-ratelimit-limit-requests", b"x-ratelimit-remaining-requests", b"x-ratelimit-reset-requests"),
    "tokens": (b"x-ratelimit-limit-tokens", b"x-ratelimit-remaining-tokens", b"x-ratelimit-reset-tokens"),
}
_ANTHROPIC = {
    unit: tuple(f"anthropic-ratelimit-{unit}-{what}".encode() for what in ("limit", "remaining", "reset"))
    for unit in _OPENAI
}


def pace_headers(paces: Iterable[Pace], *, anthropic: bool, now_s: float) -> Headers:
    """Headers for what is left; `now_s` in Unix seconds."""
    headers: Headers = []
    for pace in paces:
        names = (_ANTHROPIC if anthropic else _OPENAI)[pace.unit]
        reset = rfc3339(now_s + pace.full_in_s) if anthropic else duration(pace.full_in_s)
        headers += zip(names, (b"%d" % pace.most, b"%d" % pace.left, reset.encode()), strict=True)
    return headers


def duration(seconds: float) -> str:
    """A duration as OpenAI writes it: `12ms`, `8.64s`, `6m0s`."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    if seconds < _MINUTE_S:
        return f"{seconds:.3g}s"
    return f"{int(seconds // _MINUTE_S)}m{int(seconds % _MINUTE_S)}s"
