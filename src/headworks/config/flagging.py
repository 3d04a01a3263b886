"""Who is asked for flags that are not defined here, over the gateway's own connections."""

from urllib.parse import urlsplit

from headworks.core.policy import Patience
from headworks.flags.evaluation.remote.source import Answer, Letter, Post
from headworks.providers.outbound.http import Errand, Outbound

_MOST_BYTES = 1_048_576
_LONGEST_REST_S = 3_600


def flag_posting(outbound: Outbound) -> Post:
    """Sends questions about flags by `outbound`. An answer that is an error is one, too: it says what is wrong."""

    async def post(letter: Letter) -> Answer:
        parts = urlsplit(letter.url)
        limit = letter.timeout_s
        patience = Patience(connect_s=limit, first_byte_s=limit, idle_s=limit, total_s=limit)
        errand = Errand("of flags", f"{parts.scheme}://{parts.netloc}", patience)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        exchange = outbound.post(errand, path, {"content-type": "application/json", **letter.headers}, letter.body)
        try:
            await exchange.open()
            rest = exchange.headers.get("retry-after", "")
            return Answer(
                status=exchange.status,
                body=await exchange.body(_MOST_BYTES),
                retry_after_s=min(int(rest), _LONGEST_REST_S) if rest.isdecimal() and len(rest) < 10 else None,
            )
        finally:
            exchange.close()

    return post
