"""How much of its rate limits a client has left, in the headers of the dialect it speaks.

OpenAI: platform.openai.com/docs/guides/rate-limits (durations such as `6m0s`). Anthropic:
docs.anthropic.com/en/api/rate-limits (times as RFC 3339).
"""

from collections.abc import Iterable

from headworks.core.clock import rfc3339
from headworks.core.limits import Pace
from headworks.server.asgi import Headers

_MINUTE_S = 60


def pace_headers(paces: Iterable[Pace], *, anthropic: bool, now_s: float) -> Headers:
    """Headers for what is left; `now_s` in Unix seconds."""
    headers: Headers = []
    for pace in paces:
        unit = pace.unit.encode()
        if anthropic:
            headers += [
                (b"anthropic-ratelimit-%b-limit" % unit, b"%d" % pace.most),
                (b"anthropic-ratelimit-%b-remaining" % unit, b"%d" % pace.left),
                (b"anthropic-ratelimit-%b-reset" % unit, rfc3339(now_s + pace.full_in_s).encode()),
            ]
        else:
            headers += [
                (b"x-ratelimit-limit-%b" % unit, b"%d" % pace.most),
                (b"x-ratelimit-remaining-%b" % unit, b"%d" % pace.left),
                (b"x-ratelimit-reset-%b" % unit, duration(pace.full_in_s).encode()),
            ]
    return headers


def duration(seconds: float) -> str:
    """A duration as OpenAI writes it: `12ms`, `8.64s`, `6m0s`."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    if seconds < _MINUTE_S:
        return f"{seconds:.3g}s"
    return f"{int(seconds // _MINUTE_S)}m{int(seconds % _MINUTE_S)}s"
