"""How letters of rooms go out: over the gateway's own connections."""

from urllib.parse import urlsplit

from headworks.core.errors import ProviderError
from headworks.core.people.letters import Answer, Letter, Post
from headworks.core.policy import Patience
from headworks.providers.outbound.http import Errand, Outbound

_LONGEST_REST_S = 3_600


def posting(outbound: Outbound) -> Post:
    """Sends letters by `outbound`. Its errors name the other side, never the address, which may be a secret."""

    async def post(letter: Letter) -> Answer:
        parts = urlsplit(letter.url)
        limit = letter.timeout_s
        patience = Patience(connect_s=limit, first_byte_s=limit, idle_s=limit, total_s=limit)
        errand = Errand(letter.name, f"{parts.scheme}://{parts.netloc}", patience)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        exchange = outbound.post(errand, path, {"content-type": "application/json", **letter.headers}, letter.body)
        try:
            await exchange.open()
            body = b""
            if letter.most_bytes is None:
                await exchange.error_body()  # so that the connection can serve again
            else:
                body = await exchange.body(letter.most_bytes)
            rest_s = _seconds(exchange.headers.get("retry-after"))
            return Answer(status=exchange.status, body=body, retry_after_s=rest_s)
        except ProviderError as error:
            words = error.message.replace("Provider `", f"{letter.to.capitalize()} `")
            words = words.replace("provider `", f"{letter.to} `")
            raise ProviderError(words, code=error.code, status=error.status) from error
        finally:
            exchange.close()

    return post


def _seconds(text: str | None) -> float | None:
    return min(int(text), _LONGEST_REST_S) if text is not None and text.isdecimal() and len(text) < 10 else None
