"""Sends what has a provider keep the beginning of a prompt under a name: beside the calls, and to the same account."""

from headworks.core.errors import ProviderError
from headworks.core.policy import Patience
from headworks.core.prefix import Order
from headworks.dialects.protocols import ProviderDialect
from headworks.providers.link import Link
from headworks.providers.outbound.http import Errand, Outbound
from headworks.providers.secrets import auth_header, hide_secrets

PATIENCE = Patience(connect_s=5.0, first_byte_s=60.0, idle_s=20.0, total_s=90.0)
"""Nobody waits for it, and a long prompt takes a while to be read."""
MOST_BYTES = 1024 * 1024
"""The answer tells a name and two times."""


class Courier:
    """Goes to one account.

    Args:
        outbound: Holds the connections.
        link: The provider.
        key: Which of its keys.
        dialect: Reads its errors.
    """

    __slots__ = ("_dialect", "_key", "_link", "_outbound")

    def __init__(self, outbound: Outbound, link: Link, key: int, dialect: ProviderDialect) -> None:
        self._outbound = outbound
        self._link = link
        self._key = key
        self._dialect = dialect

    async def post(self, order: Order) -> bytes:
        """The body of a good answer.

        Raises:
            ProviderError: No connection, no answer in time, or another status than 200; without the provider's keys.
        """
        try:
            return await self._answer(order)
        except ProviderError as error:
            hide_secrets(error, self._link)
            raise

    async def _answer(self, order: Order) -> bytes:
        link = self._link
        key = link.keys[self._key] if link.keys else ""
        headers = {"content-type": "application/json", **auth_header(link, key), **link.headers}
        head = self._outbound.head(link.base_url, order.path, headers, order.method)
        exchange = self._outbound.post_with(Errand(link.name, link.base_url, PATIENCE), head, order.body)
        try:
            await exchange.open()
            if exchange.status != 200:
                raise self._dialect.read_error(exchange.status, exchange.headers, await exchange.error_body())
            return await exchange.body(MOST_BYTES)
        finally:
            exchange.close()
