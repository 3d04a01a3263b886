"""The official openai-python SDK against the running gateway, over providers of every dialect."""

import json

import openai
import pytest
from pydantic import BaseModel

from headworks.testing import FakeToolCall, Recipe

MODELS = ["gpt", "claude", "gemini"]
HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello there"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Weather of a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]
CALLS = (FakeToolCall("weather", {"city": "Paris"}), FakeToolCall("weather", {"city": "Zürich"}))
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
async def client(gateway):
    async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0) as made:
        yield made


@pytest.mark.parametrize("model", MODELS)
async def test_a_plain_answer(client, fake, model):
    fake.script([Recipe(text="Hi there, friend.")])
    answer = await client.chat.completions.create(model=model, messages=HELLO, max_tokens=50)
    assert answer.choices[0].message.content == "Hi there, friend."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == model
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert len(answer._request_id) == 32


@pytest.mark.parametrize("model", MODELS)
async def test_a_streamed_answer(client, fake, model):
    fake.script([Recipe(text="Grüße aus 東京 🗼!")])
    pieces, usage, finish = [], None, None
    stream = await client.chat.completions.create(
        model=model, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    async for chunk in stream:
        assert chunk.model == model
        usage = chunk.usage or usage
        for choice in chunk.choices:
            pieces.append(choice.delta.content or "")
            finish = choice.finish_reason or finish
    assert "".join(pieces) == "Grüße aus 東京 🗼!"
    assert finish == "stop"
    assert usage.prompt_tokens > 0


@pytest.mark.parametrize("model", MODELS)
async def test_parallel_tools_and_their_results(client, fake, model):
    fake.script([Recipe(tool_calls=CALLS), Recipe(text="Sunny in both.")])
    asked = [*HELLO, {"role": "user", "content": "Weather in Paris and Zürich?"}]
    first = await client.chat.completions.create(model=model, messages=asked, tools=TOOLS)
    calls = first.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments) for call in calls] == [{"city": "Paris"}, {"city": "Zürich"}]
    assert first.choices[0].finish_reason == "tool_calls"
    results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in calls]
    said = first.choices[0].message.model_dump(exclude_none=True)
    second = await client.chat.completions.create(model=model, messages=[*asked, said, *results], tools=TOOLS)
    assert second.choices[0].message.content == "Sunny in both."


@pytest.mark.parametrize("model", MODELS)
async def test_streamed_tool_calls(client, fake, model):
    fake.script([Recipe(tool_calls=CALLS)])
    async with client.chat.completions.stream(model=model, messages=HELLO, tools=TOOLS) as stream:
        async for _ in stream:
            pass
        final = await stream.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments) for call in calls] == [{"city": "Paris"}, {"city": "Zürich"}]


@pytest.mark.parametrize("model", MODELS)
async def test_a_named_tool_is_forced(client, fake, model):
    choice = {"type": "function", "function": {"name": "weather"}}
    answer = await client.chat.completions.create(model=model, messages=HELLO, tools=TOOLS, tool_choice=choice)
    assert answer.choices[0].message.tool_calls[0].function.name == "weather"


class Answer(BaseModel):
    """What the model is to answer."""

    city: str
    degrees: int


@pytest.mark.parametrize("model", MODELS)
async def test_structured_output(client, fake, model):
    answer = await client.chat.completions.parse(model=model, messages=HELLO, response_format=Answer)
    assert isinstance(answer.choices[0].message.parsed, Answer)


@pytest.mark.parametrize("model", MODELS)
async def test_an_image_reaches_the_provider(client, fake, model):
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    content = [{"type": "text", "text": "What is this?"}, image]
    await client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    (call,) = fake.expect(1)
    assert PIXEL.encode() in call.body


async def test_thinking_is_told_apart(client, fake):
    fake.script([Recipe(text="42", thinking="Let me see.")])
    answer = await client.chat.completions.create(
        model="claude", messages=HELLO, reasoning_effort="low", max_tokens=8000
    )
    assert answer.choices[0].message.content == "42"
    assert answer.choices[0].message.reasoning_content == "Let me see."


@pytest.mark.parametrize("model", ["embedder", "gemini-embedder"])
@pytest.mark.parametrize("packed", [True, False])
async def test_embeddings(client, fake, model, packed):
    encoding = {} if packed else {"encoding_format": "float"}
    answer = await client.embeddings.create(model=model, input=["one", "two"], **encoding)
    assert [item.index for item in answer.data] == [0, 1]
    assert all(isinstance(value, float) for value in answer.data[0].embedding)
    assert answer.model == model


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
async def test_legacy_completions(client, fake, model, stream):
    fake.script([Recipe(text="three four")])
    answer = await client.completions.create(model=model, prompt="one two", max_tokens=20, stream=stream)
    text = "".join([c.choices[0].text async for c in answer if c.choices]) if stream else answer.choices[0].text
    assert text == "three four"


async def test_models(client):
    listed = [model.id async for model in await client.models.list()]
    assert {"gpt", "claude", "gemini"} <= set(listed)
    assert (await client.models.retrieve("claude")).owned_by == "ant"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("nobody")


@pytest.mark.parametrize(
    ("recipe", "error"),
    [
        (Recipe(status=400), openai.BadRequestError),
        (Recipe(status=429, retry_after="1"), openai.RateLimitError),
        (Recipe(status=500), openai.InternalServerError),
        (Recipe(status=503), openai.InternalServerError),
        (Recipe(status=401), openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
async def test_each_provider_error_is_its_own_exception(client, fake, model, recipe, error, stream):
    fake.recipes(recipe)
    with pytest.raises(error) as caught:
        await client.chat.completions.create(model=model, messages=HELLO, stream=stream)
    assert caught.value.code
    assert "sk-provider-secret" not in str(caught.value)


async def test_our_own_refusals_are_their_own_exceptions(client, fake, gateway):
    with pytest.raises(openai.NotFoundError, match="gtp"):
        await client.chat.completions.create(model="gtp", messages=HELLO)
    with pytest.raises(openai.BadRequestError, match="max_tokens"):
        await client.chat.completions.create(model="gpt", messages=HELLO, max_tokens=-1)
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="hw-wrong").chat.completions.create(model="gpt", messages=HELLO)
    assert fake.expect(0) == []


@pytest.mark.parametrize("model", MODELS)
async def test_a_cut_stream_raises_and_never_ends_cleanly(client, fake, model):
    fake.script([Recipe(tokens=20, cut_after_tokens=5)])
    stream = await client.chat.completions.create(model=model, messages=HELLO, stream=True)
    with pytest.raises(openai.APIError):
        async for _ in stream:
            pass


async def test_a_field_that_a_dialect_lacks_is_refused_by_name(client, fake):
    with pytest.raises(openai.BadRequestError, match="logit_bias"):
        await client.chat.completions.create(model="claude", messages=HELLO, logit_bias={"5": 1})
    assert fake.expect(0) == []


async def test_an_unknown_field_passes_untouched_to_its_own_dialect(client, fake):
    await client.chat.completions.create(model="gpt", messages=HELLO, extra_body={"tomorrow": {"a": 1.5}})
    (call,) = fake.expect(1)
    assert b'"tomorrow":{"a":1.5}' in call.body.replace(b" ", b"")
