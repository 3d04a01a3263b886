"""Asks that are too long, in both dialects."""

import json

import pytest

from headworks.core.messages import Target
from headworks.dialects import anthropic, openai
from headworks.dialects.protocols import Envelope

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=1)


class Conversation:
    """A client of one dialect."""

    def __init__(self, name):
        self.editor = openai.EDITOR if name == "openai" else anthropic.EDITOR
        self._endpoint = openai.CHAT if name == "openai" else anthropic.MESSAGES
        self._usual = {} if name == "openai" else {"max_tokens": 100}

    def ask(self, messages, **fields):
        body = {"model": "m", "messages": messages} | self._usual | fields
        return self._endpoint.read(json.dumps(body).encode(), ENVELOPE)

    def chat(self, exchanges, words=100, **fields):
        """`exchanges` questions and answers of `words` words each, and a last question."""
        messages = []
        for number in range(exchanges):
            messages += [
                {"role": "user", "content": f"question {number} " + "word " * words},
                {"role": "assistant", "content": f"answer {number} " + "word " * words},
            ]
        return self.ask([*messages, {"role": "user", "content": "last"}], **fields)

    def said(self, ask):
        return json.loads(bytes(ask.fields["messages"]))


@pytest.fixture(params=["openai", "anthropic"])
def client(request):
    return Conversation(request.param)


@pytest.fixture
def target():
    return Target(name="m", provider="p", provider_model="pm", dialect="openai")
