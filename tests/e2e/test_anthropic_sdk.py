"""The official anthropic SDK against the running gateway, over providers of every dialect."""

import anthropic
import pytest

from headworks.testing import FakeToolCall, Recipe

MODELS = ["claude", "gpt", "gemini"]
HELLO = [{"role": "user", "content": "Hello there"}]
TOOLS = [
    {
        "name": "weather",
        "description": "Weather of a city",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]
CALLS = (FakeToolCall("weather", {"city": "Paris"}), FakeToolCall("weather", {"city": "Zürich"}))
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
async def client(gateway):
    async with anthropic.AsyncAnthropic(base_url=gateway.url, api_key=gateway.key, max_retries=0) as made:
        yield made


def ask(client, model, **more):
    body = {"model": model, "max_tokens": 100, "messages": HELLO} | more
    return client.messages.create(**body)


@pytest.mark.parametrize("model", MODELS)
async def test_a_plain_answer(client, fake, model):
    fake.script([Recipe(text="Hi there, friend.")])
    answer = await ask(client, model, system="Be brief.")
    assert [block.text for block in answer.content] == ["Hi there, friend."]
    assert answer.stop_reason == "end_turn"
    assert answer.model == model
    assert answer.usage.input_tokens > 0
    assert len(answer._request_id) == 32


@pytest.mark.parametrize("model", MODELS)
async def test_a_streamed_answer(client, fake, model):
    fake.script([Recipe(text="Grüße aus 東京 🗼!")])
    async with client.messages.stream(model=model, max_tokens=100, messages=HELLO) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        final = await stream.get_final_message()
    assert text == "Grüße aus 東京 🗼!"
    assert final.model == model
    assert final.stop_reason == "end_turn"
    assert final.usage.input_tokens > 0
    assert final.usage.output_tokens > 0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("streamed", [False, True])
async def test_parallel_tools_and_their_results(client, fake, model, streamed):
    fake.script([Recipe(tool_calls=CALLS), Recipe(text="Sunny in both.")])
    if streamed:
        async with client.messages.stream(model=model, max_tokens=100, messages=HELLO, tools=TOOLS) as stream:
            first = await stream.get_final_message()
    else:
        first = await ask(client, model, tools=TOOLS)
    calls = [block for block in first.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [{"city": "Paris"}, {"city": "Zürich"}]
    assert first.stop_reason == "tool_use"
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"} for call in calls]
    said = [block.model_dump(exclude_none=True) for block in first.content]
    history = [*HELLO, {"role": "assistant", "content": said}, {"role": "user", "content": results}]
    second = await ask(client, model, messages=history, tools=TOOLS)
    assert second.content[0].text == "Sunny in both."


@pytest.mark.parametrize("model", MODELS)
async def test_a_named_tool_is_forced(client, fake, model):
    answer = await ask(client, model, tools=TOOLS, tool_choice={"type": "tool", "name": "weather"})
    assert [block.name for block in answer.content if block.type == "tool_use"] == ["weather"]


@pytest.mark.parametrize("model", MODELS)
async def test_an_image_reaches_the_provider(client, fake, model):
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    content = [{"type": "text", "text": "What is this?"}, {"type": "image", "source": source}]
    await ask(client, model, messages=[{"role": "user", "content": content}])
    (call,) = fake.expect(1)
    assert PIXEL.encode() in call.body


@pytest.mark.parametrize("model", ["claude", "gpt"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_thinking_blocks(client, fake, model, streamed):
    fake.script([Recipe(text="42", thinking="Let me see.")])
    body = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000, "messages": HELLO}
    if streamed:
        async with client.messages.stream(model=model, **body) as stream:
            answer = await stream.get_final_message()
    else:
        answer = await ask(client, model, **body)
    assert [block.type for block in answer.content] == ["thinking", "text"]
    assert answer.content[0].thinking == "Let me see."


@pytest.mark.parametrize("model", MODELS)
async def test_tokens_are_counted(client, fake, model):
    counted = await client.messages.count_tokens(model=model, messages=HELLO, system="Be brief.")
    assert counted.input_tokens > 0
    assert len(fake.calls) == (0 if model == "gpt" else 1)


async def test_models(client):
    listed = [model.id async for model in await client.models.list()]
    assert {"gpt", "claude", "gemini"} <= set(listed)
    assert (await client.models.retrieve("claude")).display_name == "claude"
    with pytest.raises(anthropic.NotFoundError):
        await client.models.retrieve("nobody")


@pytest.mark.parametrize(
    ("recipe", "error"),
    [
        (Recipe(status=400), anthropic.BadRequestError),
        (Recipe(status=429, retry_after="1"), anthropic.RateLimitError),
        (Recipe(status=500), anthropic.InternalServerError),
        (Recipe(status=529), anthropic.InternalServerError),
        (Recipe(status=401), anthropic.InternalServerError),
    ],
)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
async def test_each_provider_error_is_its_own_exception(client, fake, model, recipe, error, stream):
    fake.recipes(recipe)
    with pytest.raises(error) as caught:
        await ask(client, model, stream=stream)
    assert caught.value.body["type"] == "error"
    assert len(caught.value.body["request_id"]) == 32
    assert "sk-provider-secret" not in str(caught.value)


async def test_our_own_refusals_are_their_own_exceptions(client, fake):
    with pytest.raises(anthropic.NotFoundError, match="cluade"):
        await ask(client, "cluade")
    with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
        await ask(client, "claude", max_tokens=-1)
    with pytest.raises(anthropic.AuthenticationError):
        await ask(client.with_options(api_key="hw-wrong"), "claude")
    assert fake.expect(0) == []


@pytest.mark.parametrize("model", MODELS)
async def test_a_cut_stream_raises_and_never_ends_cleanly(client, fake, model):
    fake.script([Recipe(tokens=20, cut_after_tokens=5)])
    stream = await ask(client, model, stream=True)
    with pytest.raises(anthropic.APIError):
        async for _ in stream:
            pass


async def test_a_field_that_a_dialect_lacks_is_refused_by_name(client, fake):
    with pytest.raises(anthropic.BadRequestError, match="top_k"):
        await ask(client, "gpt", extra_body={"top_k": 5})
    assert fake.expect(0) == []


async def test_beta_headers_pass_to_their_own_dialect(client, fake):
    await ask(client, "claude", extra_headers={"anthropic-beta": "tomorrow-2026"})
    (call,) = fake.expect(1)
    assert call.headers["anthropic-beta"] == "tomorrow-2026"
    assert call.headers["x-api-key"] == "sk-provider-secret-ant"
