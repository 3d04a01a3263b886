"""One JSON body sent, one answer read whole: for endpoints that are asked beside the calls of clients."""

from headworks.core.errors import ProviderError
from headworks.providers.outbound.http import Errand, Outbound

MOST_BYTES = 64 * 1024 * 1024


async def post_json(outbound: Outbound, errand: Errand, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """The body of a good answer.

    Args:
        outbound: Holds the connections.
        errand: Whom to ask, and how long to wait.
        path: Added to the errand's base URL.
        headers: Besides the content type.
        body: JSON.

    Raises:
        ProviderError: No connection, no answer in time, too much of one, or another status than 200.
    """
    exchange = outbound.post(errand, path, {"content-type": "application/json", **headers}, body)
    try:
        await exchange.open()
        if exchange.status != 200:
            raise ProviderError(f"`{errand.provider}` answered with status {exchange.status}.", retryable=False)
        return await exchange.body(MOST_BYTES)
    finally:
        exchange.close()
