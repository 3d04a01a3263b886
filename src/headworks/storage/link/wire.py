"""One connection to a Redis or Valkey server: bytes of a command out, an answer in. The only file that knows `redis`.

The client's own pool and commands are not used: they connect while a call waits, which with TLS alone takes longer than
a call may wait, and try again behind our back. What is used is its connection: address, TLS, ACL, database, parser.
"""

import asyncio
import math
from typing import Any, cast

from msgspec import Struct
from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

_REASON_LETTERS = 200
SCHEME_CLASS = "connection_class"


class LinkError(Exception):
    """The server did not do what was asked. The text is for people and holds no secret."""


class AwayError(LinkError):
    """There is no connection, or no answer in time."""


class RefusedByServerError(LinkError):
    """The server answered that it will not: no memory, no permission, a replica. `code` is its word for it (`OOM`)."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = text.partition(" ")[0]


class Refusal(Struct, frozen=True):
    """An answer that is an error, in the server's words."""

    text: str


class Wire:
    """One open connection. Made by `dial`.

    Args:
        connection: Connected.
    """

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        # The client closes gently alone, which waits for a frozen server to take what was not sent yet.
        writer = connection._writer  # noqa: SLF001
        self._transport = writer.transport if writer is not None else None

    async def send(self, command: bytes) -> None:
        """Write a packed command; waits only when 64 kB of others have not left yet.

        Raises:
            AwayError: The connection is gone.
        """
        if not self._connection.is_connected:  # the client would connect anew, out of our order
            raise AwayError("the connection is closed")
        try:
            await self._connection.send_packed_command(command, check_health=False)
        except (RedisError, OSError) as error:
            raise AwayError(_reason(error)) from error

    def write(self, commands: bytes) -> None:
        """Write packed commands without waiting, whatever has not left yet. Lost when the connection is gone."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(commands)

    async def receive(self) -> Any:
        """The next answer: bytes, int, list, None, or a `Refusal`. Waits without limit; a cancelled wait closes it.

        Raises:
            AwayError: The connection is gone.
        """
        try:
            return await self._connection.read_response(disable_decoding=True, timeout=math.inf)
        except ResponseError as error:
            return Refusal(_reason(error))
        except (RedisError, OSError) as error:
            raise AwayError(_reason(error)) from error

    async def ask(self, *parts: bytes) -> Any:
        """Send a command and wait for its answer. For a wire that nobody else uses at the moment.

        Raises:
            AwayError: The connection is gone.
            RefusedByServerError: The server says no.
        """
        await self.send(packed(*parts))
        return told(await self.receive())

    async def close(self) -> None:
        """Close it at once; what was not sent yet is lost."""
        if self._transport is not None:
            self._transport.abort()
        await self._connection.disconnect(nowait=True)


async def dial(url: str, within_s: float) -> Wire:
    """A new connection, logged in and on its database.

    Raises:
        AwayError: Nobody answers there in time, or we are turned away.
    """
    options = cast("dict[str, Any]", parse_url(url))
    # RESP2: nothing comes unasked, so answers are told apart by their order alone.
    kind = options.pop(SCHEME_CLASS, Connection)
    connection = kind(**options, protocol=2, socket_timeout=None, socket_connect_timeout=within_s)
    try:
        async with asyncio.timeout(within_s):
            await connection.connect()
    except TimeoutError:
        await connection.disconnect(nowait=True)
        raise AwayError(f"it did not take a connection within {within_s:g} s") from None
    except (RedisError, OSError, ValueError) as error:
        await connection.disconnect(nowait=True)
        raise AwayError(_reason(error)) from error
    except asyncio.CancelledError:
        await connection.disconnect(nowait=True)
        raise
    return Wire(connection)


def packed(*parts: bytes) -> bytes:
    """A command in the protocol's form."""
    return b"*%d\r\n" % len(parts) + b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts])


def told(reply: Any) -> Any:
    """The answer itself.

    Raises:
        RefusedByServerError: It is a refusal.
    """
    if isinstance(reply, Refusal):
        raise RefusedByServerError(reply.text)
    return reply


def listed(reply: Any) -> list[Any]:
    """The answer where it must be a list.

    Raises:
        AwayError: It is none: whoever answers there is no such server.
    """
    if not isinstance(reply, list):
        raise AwayError("it answers what was not asked")
    return reply


def _reason(error: Exception) -> str:
    """What went wrong, short. Neither the client nor the server repeats a password in it."""
    if isinstance(error, RedisConnectionError) and isinstance(error.__cause__ or error.__context__, TimeoutError):
        return "it did not answer in time"
    text = str(error) or type(error).__name__
    code = getattr(error, "status_code", None)
    if isinstance(code, str) and not text.startswith(code):  # the client takes it off some errors
        text = f"{code} {text}"
    return text[:_REASON_LETTERS]
