"""A provider of the Gemini dialect that keeps prompts' beginnings under names, on a real socket, as the real one does.

It refuses what the real one refuses: a name beside system text, tools or calling mode (400), a name it does not know or
another key's (403), a beginning that is too short (400). Source: https://ai.google.dev/api/caching (2026-11-24).
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any

LEAST_TOKENS = 1_024
SAID_ONCE = ("systemInstruction", "tools", "toolConfig")


@dataclass
class Call:
    """One request."""

    method: str
    path: str
    key: str
    body: dict[str, Any]
    status: int = 200

    @property
    def names(self) -> str | None:
        """What it names."""
        return self.body.get("cachedContent")


@dataclass
class Keeper:
    """Answers; `refuse_making` is the status and sentence that every order gets, and `hold` lets orders wait."""

    calls: list[Call] = field(default_factory=list)
    kept: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    refuse_making: tuple[int, str] | None = None
    hold: asyncio.Event | None = None
    _clients: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1beta"

    async def stop(self) -> None:
        """Hang up."""
        self._server.close()
        for writer in list(self._clients):
            writer.close()
        await self._server.wait_closed()

    def asked(self) -> list[Call]:
        """The calls for an answer."""
        return [call for call in self.calls if "Content" in call.path.rsplit(":", 1)[-1] and "models/" in call.path]

    def orders(self, method: str = "POST") -> list[Call]:
        """What was to be kept."""
        return [call for call in self.calls if "/cachedContents" in call.path and call.method == method]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
                key = re.search(r"x-goog-api-key: (\S+)", head, re.IGNORECASE)
                assert length is not None
                assert key is not None
                method, path, _ = head.split(" ", 2)
                call = Call(method, path, key[1], json.loads(await reader.readexactly(int(length[1]))))
                self.calls.append(call)
                call.status, kind, body = await self._answer(call)
                writer.write(
                    f"HTTP/1.1 {call.status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
                )
                writer.write(body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        finally:
            self._clients.discard(writer)

    async def _answer(self, call: Call) -> tuple[int, str, bytes]:
        if "/cachedContents" in call.path:
            if self.hold is not None:
                await self.hold.wait()
            status, told = self._keep(call)
        else:
            status, told = self._talk(call)
        if status == 200 and "alt=sse" in call.path:
            return status, "text/event-stream", f"data: {json.dumps(told)}\r\n\r\n".encode()
        return status, "application/json", json.dumps(told).encode()

    def _keep(self, call: Call) -> tuple[int, dict[str, Any]]:
        if self.refuse_making is not None:
            return _error(*self.refuse_making)
        if call.method == "PATCH":
            name = call.path.split("/v1beta/")[1].removesuffix("?updateMask=ttl")
            return (200, _told(name, call.body["ttl"], 5_000)) if name in self.kept else _gone()
        body = dict(call.body)
        ttl, tokens = body.pop("ttl"), _tokens(body)
        if tokens < LEAST_TOKENS:
            return _error(400, f"Cached content is too small. total_token_count={tokens}")
        name = f"cachedContents/kept{len(self.orders())}"
        self.kept[name] = (call.key, body)
        return 200, _told(name, ttl, tokens)

    def _talk(self, call: Call) -> tuple[int, dict[str, Any]]:
        cached = 0
        if call.names is not None:
            if any(field in call.body for field in SAID_ONCE):
                return _error(400, "CachedContent can not be used with GenerateContent request setting tools.")
            owner, kept = self.kept.get(call.names, ("", {}))
            if owner != call.key or not call.path.startswith(f"/v1beta/{kept['model']}:"):
                return _gone()
            cached = _tokens(kept)
        said = call.body["contents"][-1]["parts"][-1].get("text", "")
        counts = {"promptTokenCount": cached + _tokens(call.body), "candidatesTokenCount": 2}
        candidate = {"content": {"role": "model", "parts": [{"text": f"Yes: {said[:20]}"}]}, "finishReason": "STOP"}
        return 200, {"candidates": [candidate], "usageMetadata": counts | {"cachedContentTokenCount": cached}}


def whole(keeper: Keeper, call: Call) -> dict[str, Any]:
    """What the model reads: the request, with what is kept in the place of its name."""
    body = {name: value for name, value in call.body.items() if name != "cachedContent"}
    if call.names is None:
        return body
    _, kept = keeper.kept[call.names]
    turns = [*kept.get("contents", []), *body["contents"]]
    return body | {name: kept[name] for name in SAID_ONCE if name in kept} | {"contents": turns}


def _told(name: str, ttl: str, tokens: int) -> dict[str, Any]:
    seconds = int(ttl.removesuffix("s"))
    expires = f"2026-11-24T{10 + seconds // 3600:02}:{seconds % 3600 // 60:02}:00.023637828Z"
    times = {"createTime": "2026-11-24T10:00:00.438678Z", "updateTime": "2026-11-24T10:00:00.438678Z"}
    return {"name": name, **times, "expireTime": expires, "usageMetadata": {"totalTokenCount": tokens}}


def _error(status: int, sentence: str) -> tuple[int, dict[str, Any]]:
    words = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}
    return status, {"error": {"code": status, "message": sentence, "status": words.get(status, "INTERNAL")}}


def _gone() -> tuple[int, dict[str, Any]]:
    return _error(403, "CachedContent not found (or permission denied)")


def _tokens(body: dict[str, Any]) -> int:
    return len(json.dumps(body)) // 4
