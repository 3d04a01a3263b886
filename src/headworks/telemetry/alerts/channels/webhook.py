"""An address of the user's own: JSON by POST, signed so that the receiver knows who sent it and when."""

import hashlib
import hmac

import msgspec

from headworks.core.people.letters import Letter, Post
from headworks.telemetry.alerts.channels.protocols import taken
from headworks.telemetry.alerts.message import Message, payload

SIGNATURE_HEADER = "x-headworks-signature"
ID_HEADER = "x-headworks-alert-id"
_MARGIN_S = 30.0


class WebhookChannel:
    """Satisfies `Channel`.

    Args:
        name: Of the channel, for sentences.
        url: Where to.
        secret: Signs; None leaves the signature out.
        timeout_s: Seconds that the receiver has to answer.
        post: Sends it.
    """

    def __init__(self, name: str, url: str, secret: str | None, timeout_s: float, post: Post) -> None:
        self.lease_s = timeout_s + _MARGIN_S
        self._name = name
        self._url = url
        self._secret = secret
        self._timeout_s = timeout_s
        self._post = post

    async def send(self, message: Message, now_s: float) -> None:
        """Send a message as JSON."""
        body = msgspec.json.encode(payload(message, now_s))
        headers = {ID_HEADER: message.id}
        if self._secret is not None:
            headers[SIGNATURE_HEADER] = signature(self._secret, int(now_s), body)
        letter = Letter(
            to="channel", name=self._name, url=self._url, headers=headers, body=body, timeout_s=self._timeout_s
        )
        taken(await self._post(letter), self._name)

    def close(self) -> None:
        """Nothing is held."""


def signature(secret: str, at_s: int, body: bytes) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256, keyed with the secret, of the seconds, a dot and the body."""
    digest = hmac.new(secret.encode(), b"%d.%b" % (at_s, body), hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"
