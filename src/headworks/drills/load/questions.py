"""What clients ask: real requests in both dialects, each with an answer that is known beforehand."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from headworks.drills.scenario import Client, Load
from headworks.testing import Recipe
from headworks.testing.answer import echo, split

MARK = "drill-"
"""A question says this and its number, so that provider calls are known to be made for it."""
_PATHS: dict[Client, str] = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}


class Question(Struct, frozen=True, kw_only=True):
    """One call to make.

    Attributes:
        number: Counted from 0.
        client: The dialect it is asked in.
        stream: A stream is wanted.
        model: Model name of the config.
        text: What the user says.
        max_tokens: Token limit.
    """

    number: int
    client: Client
    stream: bool
    model: str
    text: str
    max_tokens: int

    @property
    def path(self) -> str:
        """Where it is asked."""
        return _PATHS[self.client]

    def body(self) -> bytes:
        """The request's body."""
        turns = [{"role": "user", "content": self.text}]
        fields = {"model": self.model, "max_tokens": self.max_tokens, "messages": turns, "stream": self.stream}
        if self.stream and self.client == "openai":
            fields["stream_options"] = {"include_usage": True}
        return msgspec.json.encode(fields)


def questions(load: Load, models: tuple[str, ...]) -> Iterator[Question]:
    """Every call of a load: each client, stream or not, each model and each text in turn."""
    kinds = [(model, client, stream) for model in models for client in load.clients for stream in load.stream]
    for number in range(load.calls):
        model, client, stream = kinds[number % len(kinds)]
        # Kinds and texts must not march in step, or a kind would only ever say one text.
        text = load.texts[(number + number // len(kinds)) % len(load.texts)]
        yield Question(
            number=number,
            client=client,
            stream=stream,
            model=model,
            text=f"{MARK}{number} {text}",
            max_tokens=load.max_tokens,
        )


def right_answer(text: str, answer: Recipe) -> str:
    """What a fake that answers by `answer` says to `text`, to the last character."""
    if answer.text is not None:
        return "".join(split(answer.text))
    return "".join(echo(text, 16 if answer.tokens is None else answer.tokens))


def request(question: Question, host: str, headers: dict[str, str]) -> bytes:
    """The whole HTTP request, for a connection of its own."""
    body = question.body()
    lines = [f"POST {question.path} HTTP/1.1", f"host: {host}", "connection: close", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += ["anthropic-version: 2023-06-01"] if question.client == "anthropic" else []
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode("latin-1") + body
