"""The whole house in this process: a real gateway and provider double, requests handed to the edge without a socket."""

import asyncio
import json

import pytest

from headworks.app import Gateway
from headworks.config import load
from headworks.identity.records import KeySpec
from headworks.testing import FakeProvider

CONFIG = """
providers:
  oai: {{dialect: openai, base_url: "{url}/v1", api_key: {secret}, price_id: openai, timeouts: {{first_byte_s: 1}}}}
  ant:
    {{dialect: anthropic, base_url: "{url}/v1", api_key: {secret}, price_id: anthropic, timeouts: {{first_byte_s: 1}}}}
  gem: {{dialect: gemini, base_url: "{url}/v1beta", api_key: {secret}, price_id: google, timeouts: {{first_byte_s: 1}}}}
  odd: {{dialect: openai, base_url: "{url}/v1", api_key: {secret}}}
models:
  gpt: {{provider: oai, model: gpt-4o-mini}}
  claude: {{provider: ant, model: claude-haiku-4-5}}
  gemini: {{provider: gem, model: gemini-2.5-flash}}
  safe: {{provider: oai, model: gpt-4o-mini, fallbacks: [claude]}}
  lenient: {{provider: ant, model: claude-haiku-4-5, unsupported: drop}}
  unpriced: {{provider: odd, model: somebody-elses}}
  cheap: {{provider: odd, model: mine, price_usd_per_mtok: {{input: 1, output: 10}}}}
features:
  default: {{retry: {{per_model: 0}}, resume: {{mode: off}}}}
"""


class Answer:
    """What the edge sent."""

    def __init__(self, messages):
        start = messages[0]
        self.status = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])
        self.steps = [message["body"] for message in messages[1:] if message.get("body")]

    @property
    def json(self):
        """The body parsed."""
        return json.loads(self.body)

    def events(self):
        """The parsed data of a stream's events, the end marker left out."""
        data = [line[6:] for line in self.body.split(b"\n") if line.startswith(b"data: ")]
        return [json.loads(item) for item in data if item != b"[DONE]"]


class House:
    """A gateway and its provider double."""

    def __init__(self, gateway, fake):
        self.gateway = gateway
        self.fake = fake
        self.key = gateway.keys.create(KeySpec(name="test")).key

    async def post(self, path, body, **headers):
        """Send a request to the edge; its `Answer`."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent, asked = [], {"authorization": f"Bearer {self.key}"} | headers
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "headers": [(name.encode(), value.encode()) for name, value in asked.items()],
        }
        given = [{"type": "http.request", "body": payload, "more_body": False}]

        async def receive():
            if given:
                return given.pop()
            return await self.gone.wait()

        async def send(message):
            sent.append(message)

        await self.gateway.edge(scope, receive, send)
        return Answer(sent)

    async def chat(self, model, *, stream=False, **more):
        """Ask in the OpenAI dialect."""
        body = {"model": model, "messages": [{"role": "user", "content": "Hello there"}], "stream": stream} | more
        return await self.post("/v1/chat/completions", body)

    async def message(self, model, *, stream=False, **more):
        """Ask in the Anthropic dialect."""
        body = {"model": model, "max_tokens": 99, "messages": [{"role": "user", "content": "Hello there"}]}
        return await self.post("/v1/messages", body | {"stream": stream} | more)

    async def record(self, answer):
        """The record of an answer."""
        await self.gateway.recorder.flush()
        return self.gateway.traces.get(answer.headers["x-request-id"])


async def open_house(folder, fake, secret="sk-provider-secret"):
    """A started gateway over `fake`."""
    path = folder / "headworks.yaml"
    path.write_text(CONFIG.format(url=fake.base_url, secret=secret), encoding="utf-8")
    gateway = Gateway(load(path, {}), {})
    await gateway.start()
    house = House(gateway, fake)
    house.gone = asyncio.Event()
    return house


@pytest.fixture
async def house(tmp_path):
    """A house of its own for one test."""
    async with FakeProvider() as fake:
        made = await open_house(tmp_path, fake)
        yield made
        await made.gateway.stop()
