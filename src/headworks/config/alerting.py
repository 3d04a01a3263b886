"""The alerts of a config: the room, and how its letters go out over the gateway's own connections."""

from urllib.parse import urlsplit

from headworks.config.settings import Config
from headworks.core.clock import Clock
from headworks.core.errors import ProviderError
from headworks.core.policy import Patience
from headworks.providers.outbound.http import Errand, Outbound
from headworks.telemetry.alerts import AlertRoom
from headworks.telemetry.alerts.channels import Answer, Letter, Post
from headworks.telemetry.alerts.watch.rounds import Health

_LONGEST_REST_S = 3_600


def alert_room(config: Config, outbound: Outbound, clock: Clock, health: Health) -> AlertRoom:
    """The alerts of a gateway."""
    return AlertRoom(config.data_dir, config.alerts, clock, posting(outbound), health)


def posting(outbound: Outbound) -> Post:
    """Sends letters by `outbound`. Its errors name the channel, never the address, which is a secret."""

    async def post(letter: Letter) -> Answer:
        parts = urlsplit(letter.url)
        limit = letter.timeout_s
        patience = Patience(connect_s=limit, first_byte_s=limit, idle_s=limit, total_s=limit)
        errand = Errand(f"channel {letter.channel}", f"{parts.scheme}://{parts.netloc}", patience)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        exchange = outbound.post(errand, path, {"content-type": "application/json", **letter.headers}, letter.body)
        try:
            await exchange.open()
            answer = Answer(status=exchange.status, retry_after_s=_seconds(exchange.headers.get("retry-after")))
            await exchange.error_body()  # so that the connection can serve again
        except ProviderError as error:
            words = error.message.replace("Provider `channel ", "Channel `").replace("provider `channel ", "channel `")
            raise ProviderError(words, code=error.code, status=error.status) from error
        finally:
            exchange.close()
        return answer

    return post


def _seconds(text: str | None) -> float | None:
    return min(int(text), _LONGEST_REST_S) if text is not None and text.isdecimal() and len(text) < 10 else None
