"""The fake provider: a real HTTP server that speaks three dialects and misbehaves on request."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable
from types import TracebackType
from typing import Self

from headworks.core.clock import Clock, SystemClock
from headworks.testing.book import RecipeBook
from headworks.testing.calls import Call, CallLog
from headworks.testing.control import CONTROL_PREFIX, control
from headworks.testing.delivery import Delivery, at_once
from headworks.testing.http import Connection, Request
from headworks.testing.recipe import Recipe
from headworks.testing.response import Response, nothing_here, respond
from headworks.testing.routes import find
from headworks.testing.wire.prefixes import PrefixCache


class FakeProvider:
    """`async with FakeProvider() as fake:` listens on loopback until the block ends.

    Args:
        recipes: Standing recipes (or their names): the first that has turns left and whose dice fall applies.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        keep_calls: How many calls are remembered, bodies included.
        rng: Dice for `Recipe.probability`; seeded with 0 when not given, so that runs are alike.
        clock: Source of the times in calls and answers.
    """

    def __init__(
        self,
        recipes: Iterable[Recipe | str] = (),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        keep_calls: int = 10_000,
        rng: random.Random | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._book = RecipeBook(rng or random.Random(0))  # noqa: S311  dice, not secrets
        self._book.stand(recipes)
        self._log = CallLog(keep_calls)
        self._clock = clock or SystemClock()
        self._host, self._port = host, port
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._number = 0
        self._prefixes: PrefixCache | None = None

    # life

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: The port is taken or may not be used.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on everyone and stop listening."""
        if self._server is not None:
            self._server.close()
            await asyncio.gather(*(connection.stop() for connection in list(self._connections)))
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    def _connection(self) -> Connection:
        return Connection(self._serve, self._connections, self._log.changed)

    # for tests

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT`, without `/v1`."""
        return f"http://{self._host}:{self._port}"

    @property
    def calls(self) -> list[Call]:
        """What was received, oldest first."""
        return self._log.all()

    @property
    def open_connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def recipes(self, *recipes: Recipe | str) -> None:
        """Replace the standing recipes."""
        self._book.stand(recipes)

    def script(self, recipes: Iterable[Recipe | str]) -> None:
        """Answer the next calls by these recipes, in turn; then as before."""
        self._book.script(recipes)

    def name(self, name: str, recipe: Recipe) -> None:
        """Make a recipe known as `name`, for model `fake/NAME` and header `x-fake-recipe`."""
        self._book.named[name] = recipe

    def forget(self) -> None:
        """Forget the calls received so far."""
        self._log.clear()

    def keep_prefixes(self, least_tokens: int = 1_024) -> None:
        """Keep the beginnings of prompts from now on, as real providers do, and tell so in the usage of answers.

        Nothing is kept of earlier calls. They last by this fake's own clock.

        Args:
            least_tokens: Shorter ones are not kept.
        """
        self._prefixes = PrefixCache(self._clock, least_tokens)

    def keep_no_prefixes(self) -> None:
        """Keep nothing of prompts, as at the beginning."""
        self._prefixes = None

    def expect(self, calls: int) -> list[Call]:
        """The calls received, of which there must be exactly so many.

        Raises:
            AssertionError: There were more or fewer; it lists them.
        """
        if self._log.total != calls:
            listed = "".join(f"\n  {call.method} {call.path} -> {call.status}" for call in self.calls)
            raise AssertionError(f"Expected {calls} provider calls, received {self._log.total}:{listed}")
        return self.calls

    async def until(self, condition: Callable[[], bool], within_s: float = 5.0) -> None:
        """Wait until `condition()` holds, which is asked whenever a call arrives or ends, or a client leaves.

        Raises:
            TimeoutError: It did not come to hold in time.
        """
        await self._log.until(condition, within_s)

    # answering

    def _serve(self, request: Request, connection: Connection) -> Coroutine[None, None, None] | None:
        if request.path.startswith(CONTROL_PREFIX):
            connection.send(control(request, self._book, self._log))
            return None
        self._number += 1
        now_s = self._clock.now()
        call = Call(
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            body=request.body,
            received_s=now_s,
        )
        self._log.add(call)
        response = self._response(request, int(now_s))
        call.status = response.status
        if response.body is not None and at_once(response.recipe):
            self._send_whole(connection, call, response)
            return None
        return self._deliver(connection, call, response)

    def _response(self, request: Request, created: int) -> Response:
        route = find(request)
        if route is None:
            return nothing_here(request)
        return respond(request, route, self._book, self._number, created, self._prefixes)

    def _send_whole(self, connection: Connection, call: Call, response: Response) -> None:
        data = response.head(self._number) + (response.body or b"")
        connection.send(data)
        call.bytes_sent = len(data)
        call.told = response.told
        if not response.keep_alive:
            connection.hang_up()
        self._ended(call)

    async def _deliver(self, connection: Connection, call: Call, response: Response) -> None:
        chunked = response.body is None
        delivery = Delivery(connection, call, response.recipe, chunked=chunked)
        try:
            whole = await delivery.run(response.head(self._number), response.steps(), response.silence_s)
            call.told = response.told if whole else None
            if not response.keep_alive:
                connection.hang_up()
        except asyncio.CancelledError:
            call.cancelled = True
            raise
        finally:
            self._ended(call)

    def _ended(self, call: Call) -> None:
        call.ended = True
        call.ended_s = self._clock.now()
        self._log.changed()
