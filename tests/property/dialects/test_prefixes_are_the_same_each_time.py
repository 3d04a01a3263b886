"""The same beginning of a prompt is the same bytes: however its tools come, whatever is asked, in every process."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.cache.prefix import PrefixMemory
from headworks.core.messages import Route, Target
from headworks.dialects import anthropic, gemini, openai
from headworks.dialects.protocols import Envelope
from headworks.testing import FakeClock

DIALECTS = {"openai": openai.DIALECT, "anthropic": anthropic.DIALECT, "gemini": gemini.DIALECT}
CLIENTS = {"openai": openai.CHAT, "anthropic": anthropic.MESSAGES}
READERS = {"openai": openai.read_sections, "anthropic": anthropic.read_sections}
NAMES = ["look_up", "book", "cancel", "Weather", "über"]
SYSTEM = "You answer in few words. " * 200
AFTER = {"openai": ("messages", 1), "anthropic": ("messages", 0), "gemini": ("contents", 0)}
"""Where the beginning ends: the first turn of the user."""


def tools(client: str, order: list[str]) -> list[dict[str, Any]]:
    schema = {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "integer"}}}
    if client == "anthropic":
        return [{"name": name, "description": f"{name} " * 300, "input_schema": schema} for name in order]
    functions = [{"name": name, "description": f"{name} " * 300, "parameters": schema} for name in order]
    return [{"type": "function", "function": function} for function in functions]


def body(client: str, order: list[str], question: str, user: str) -> bytes:
    asked = {"role": "user", "content": question}
    made: dict[str, Any] = {"model": "m", "max_tokens": 9, "tools": tools(client, order)}
    if client == "anthropic":
        made |= {"system": SYSTEM, "messages": [asked], "metadata": {"user_id": user}}
    else:
        made |= {"messages": [{"role": "system", "content": SYSTEM}, asked], "user": user}
    return json.dumps(made).encode()


def beginning(client: str, provider: str, raw: bytes) -> bytes:
    """What the provider is sent, up to the question, as its own bytes in the order in which models read it."""
    ask = CLIENTS[client].read(raw, Envelope(trace_id="0" * 32, headers={}, created=0))
    target = Target(name="n", provider="p", provider_model="m", dialect=provider, unsupported="drop")
    memory = PrefixMemory(READERS, lambda target: None, FakeClock())
    known = memory.of(ask, Route(feature="f", query_type="q", targets=(target,)))
    assert known is not None
    sent = json.loads(DIALECTS[provider].request(ask, target, known.marks(target)).body)
    turns, first = AFTER[provider]
    return json.dumps([sent["tools"], sent.get("system"), sent.get("systemInstruction"), sent[turns][:first]]).encode()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("provider", DIALECTS)
@given(order=st.permutations(NAMES), question=st.text(min_size=1, max_size=20), user=st.text(min_size=1, max_size=9))
def test_whatever_the_order_of_the_tools_and_the_question(client, provider, order, question, user):
    usual = beginning(client, provider, body(client, NAMES, "Hello?", "ann"))
    assert beginning(client, provider, body(client, order, f"{question}!", user)) == usual


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_in_every_process(hash_seed):
    here = [
        beginning(client, provider, body(client, NAMES, "Hello?", "ann")) for client in CLIENTS for provider in DIALECTS
    ]
    code = f"""
import importlib.util
spec = importlib.util.spec_from_file_location("there", {__file__!r})
there = importlib.util.module_from_spec(spec)
spec.loader.exec_module(there)
for client in there.CLIENTS:
    for provider in there.DIALECTS:
        print(there.beginning(client, provider, there.body(client, there.NAMES, "Hello?", "ann")).hex())
"""
    environ = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert [bytes.fromhex(line) for line in ran.stdout.split()] == here


@given(st.permutations(NAMES))
def test_tools_of_a_short_list_keep_the_order_that_the_client_gave(order):
    short = [{"name": name, "input_schema": {"type": "object"}} for name in order]
    raw = {"model": "m", "max_tokens": 9, "system": SYSTEM, "tools": short}
    made = json.dumps(raw | {"messages": [{"role": "user", "content": "Hello?"}]}).encode()
    assert json.loads(beginning("anthropic", "anthropic", made))[0] == short
