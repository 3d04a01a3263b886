"""E-mail, PagerDuty, Teams and everything else that apprise reaches. Imported only where a channel wants it.

apprise waits for its services, so it runs in a thread of the channel's own. What it logs is not shown: it quotes
addresses.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from apprise import Apprise, NotifyFormat, NotifyType

from headworks.core.errors import ProviderError
from headworks.telemetry.alerts.message import Message, headline, plain_text

_MARGIN_S = 30.0
_GRACE_S = 5.0
_SILENT = logging.CRITICAL + 1


class AppriseChannel:
    """Satisfies `Channel`.

    Args:
        name: Of the channel, for sentences.
        urls: As apprise writes them.
        timeout_s: Seconds for all of them together.
    """

    def __init__(self, name: str, urls: list[str], timeout_s: float) -> None:
        logging.getLogger("apprise").setLevel(_SILENT)
        self.lease_s = timeout_s + _MARGIN_S
        self._name = name
        self._timeout_s = timeout_s
        self._apprise = Apprise()
        self._unread = [number for number, url in enumerate(urls, start=1) if not self._apprise.add(url)]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="alerts-apprise")

    async def send(self, message: Message, now_s: float) -> None:
        """Send a message as text."""
        if self._unread:
            numbers = ", ".join(map(str, self._unread))
            raise ProviderError(f"apprise cannot read address {numbers} of channel `{self._name}`.", retryable=False)
        work = partial(self._notify, headline(message), plain_text(message), _kind(message))
        try:
            failed = await asyncio.wait_for(
                asyncio.get_running_loop().run_in_executor(self._thread, work), self._timeout_s + _GRACE_S
            )
        except TimeoutError as error:
            raise ProviderError(
                f"Channel `{self._name}` took too long.", code="provider_timeout", status=504
            ) from error
        if failed is not None:
            raise ProviderError(f"Channel `{self._name}` could not deliver by {failed}.")

    def close(self) -> None:
        """Let go of the thread; what it is doing ends by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _notify(self, title: str, body: str, kind: NotifyType) -> str | None:
        """The services that did not take it; None when all did."""
        result = self._apprise.notify(
            body=body, title=title, notify_type=kind, body_format=NotifyFormat.TEXT, timeout=self._timeout_s
        )
        if result:
            return None
        return ", ".join(sorted({str(one.name) for one in result if not one})) or "any of its addresses"


def _kind(message: Message) -> NotifyType:
    if message.resolved:
        return NotifyType.SUCCESS
    return {"critical": NotifyType.FAILURE, "warning": NotifyType.WARNING, "info": NotifyType.INFO}[message.severity]
