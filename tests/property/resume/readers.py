"""Streams as a provider sends them, and as the official SDKs hear what a client is sent."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import msgspec
from anthropic import Anthropic
from openai import OpenAI

from headworks.core.messages import Target
from headworks.core.replies import Chunk, Reply
from headworks.dialects import anthropic, openai
from headworks.dialects.protocols import Envelope
from headworks.dialects.sse import EventSplitter, event_data

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=7)
ENDPOINTS = {"openai": openai.CHAT, "anthropic": anthropic.MESSAGES, "completions": openai.COMPLETIONS}
DIALECTS = {"openai": openai.DIALECT, "anthropic": anthropic.DIALECT}
OWN_ID = b"chatcmpl-" + b"0" * 32
FACTS = b'{"attempts":2}'
BODY = {"model": "fast", "max_tokens": 9, "stream": True, "stream_options": {"include_usage": True}}
ASKED = {
    "openai": {"messages": [{"role": "user", "content": "x"}]},
    "anthropic": {"messages": [{"role": "user", "content": "x"}]},
    "completions": {"prompt": "x"},
}


async def nothing():
    return
    yield


def ask_of(client, **more):
    return ENDPOINTS[client].read(msgspec.json.encode(BODY | ASKED[client] | more), ENVELOPE)


def writer(client, dialect, **more):
    """Writes to `client` what comes from a provider that speaks `dialect`."""
    target = Target(name="fast", provider="p", provider_model="real", dialect=dialect)
    ask = ask_of(client, **more)
    return ENDPOINTS[client].writer(ask, Reply(target=target, streamed=True, chunks=nothing()), ENVELOPE)


def native(dialect, events, client=None, **more):
    """The chunks of a stream in which a provider that speaks `dialect` says `events`; bytes if clients may speak it."""
    if dialect not in DIALECTS:
        return [Chunk([event]) for event in events] + [Chunk([], last=True)]
    made = writer(client or dialect, "other", **more)
    sent = b"".join(made.step(Chunk([event])) for event in events) + made.tail(FACTS)
    reader = DIALECTS[dialect].stream_reader(ask_of(client or dialect, **more))
    theirs = {b'"fast"': b'"real"', b'"created":7': b'"created":99', OWN_ID: events[0].id.encode()}
    for ours, own in theirs.items():
        sent = sent.replace(ours, own)
    return [reader.read(event) for event in EventSplitter().feed(sent)]


def wire(sent):
    """The JSON of every event, in order."""
    data = [event_data(event)[1] for event in EventSplitter().feed(sent)]
    return [msgspec.json.decode(item) for item in data if item and item != b"[DONE]"]


class Sdk:
    """The official clients, over a server that says what it is told to."""

    def __init__(self):
        self.sent = b""
        says = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("content-length", str(len(says.sent)))
                self.end_headers()
                self.wfile.write(says.sent)

            def log_message(self, *about):
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        url = f"http://127.0.0.1:{self._server.server_port}"
        self.openai = OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0)
        self.anthropic = Anthropic(api_key="k", base_url=url, max_retries=0)

    def close(self):
        self.openai.close()
        self.anthropic.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def message(self, sent):
        """What the Anthropic SDK makes of a stream."""
        self.sent = sent
        with self.anthropic.messages.stream(model="fast", max_tokens=9, messages=[]) as stream:
            return stream.get_final_message()

    def completion(self, sent, **more):
        """What the OpenAI SDK makes of a stream."""
        self.sent = sent
        with self.openai.chat.completions.stream(model="fast", messages=[], **more) as stream:
            return stream.get_final_completion()


def check_message_stream(sent):
    """One start, blocks in order and one at a time, one end; SDKs rely on it.

    Returns:
        The events.
    """
    events = wire(sent)
    kinds = [event["type"] for event in events]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    assert [kinds.count(kind) for kind in ("message_start", "message_delta", "message_stop")] == [1, 1, 1]
    opened, following = None, 0
    for event in [event for event in events[1:-2] if event["type"].startswith("content_block_")]:
        if event["type"] == "content_block_start":
            assert (opened, event["index"]) == (None, following)
            opened = following
            following += 1
        else:
            assert event["index"] == opened
            if event["type"] == "content_block_stop":
                opened = None
    assert opened is None
    return events


def check_chunk_stream(sent):
    """One id, one model, one role for each choice, one finish for each choice, then usage.

    Returns:
        The chunks.
    """
    assert sent.endswith(b"data: [DONE]\n\n")
    chunks = wire(sent)
    for name in ("id", "object", "model", "created"):
        assert len({chunk[name] for chunk in chunks}) == 1, name
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    for index in {choice["index"] for choice in choices}:
        own = [choice for choice in choices if choice["index"] == index]
        assert [bool(choice["finish_reason"]) for choice in own] == [False] * (len(own) - 1) + [True]
        if chunks[0]["object"] == "chat.completion.chunk":
            assert ["role" in choice["delta"] for choice in own] == [True] + [False] * (len(own) - 1)
    assert [bool(chunk.get("usage")) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    return chunks
