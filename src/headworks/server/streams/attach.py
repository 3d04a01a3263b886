"""`GET /v1/streams/{trace_id}`: go on with an answer whose connection was lost, after the event `Last-Event-ID`."""

import asyncio
from urllib.parse import parse_qsl

from headworks.core.errors import BadAskError
from headworks.core.messages import Caller
from headworks.server.asgi import Answer, Departure, Receive, Scope
from headworks.server.streams.log import StreamLog

STREAMS = "/v1/streams/"
_QUERY = "last_event_id"
_DIGITS = 18


async def attach(log: StreamLog, caller: Caller, scope: Scope, receive: Receive, answer: Answer) -> None:
    """Send the rest of a stream, and what is being added to it.

    Raises:
        BadAskError: `unknown_stream` (404), or an event number that is none.
    """
    after = last_event_id(scope)
    reading = await log.find(scope["path"].removeprefix(STREAMS), caller.key_id, after)
    departure = Departure(scope, receive)
    try:
        with departure:
            await answer.begin([*reading.head.headers, (b"x-headworks-resumed", b"%d" % after)])
            while data := await reading.next():
                await answer.step(data)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if departure.left and task is not None and task.uncancel() == 0:
            return
        raise
    finally:
        answer.stop()
    await answer.end(b"")


def last_event_id(scope: Scope) -> int:
    """Number of the last event the client has: its header, else the query's `last_event_id`; 0 when it says neither.

    The header goes first, because clients that reconnect by themselves send it to an address that does not change.

    Raises:
        BadAskError: Not a whole number from 0.
    """
    headers = dict(scope["headers"])
    query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
    given = (
        headers[b"last-event-id"].decode("latin-1").strip() if b"last-event-id" in headers else query.get(_QUERY, "0")
    )
    if not (given.isascii() and given.isdecimal()) or len(given) > _DIGITS:
        raise BadAskError(
            "`Last-Event-ID` takes the number of the last event you have, as its `id:` line says it; leave it out to "
            "read from the beginning.",
            param="Last-Event-ID",
        )
    return int(given)
