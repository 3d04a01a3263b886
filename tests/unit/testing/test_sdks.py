"""The official SDKs talk to the fake as they do to the providers it plays."""

from typing import Any

import anthropic
import openai
import pytest
from google import genai

from headworks.core.replies import Usage
from headworks.testing import FakeProvider, FakeToolCall, Recipe

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city", "days"],
}
HELLO: Any = [{"role": "user", "content": "hello there"}]
ECHO = "Echo: hello there hello"
CALLS = (FakeToolCall("weather", {"city": "Bern"}), FakeToolCall("time", {"zone": "CET"}))


@pytest.fixture
async def fake() -> Any:
    async with FakeProvider([Recipe(tokens=4)]) as provider:
        yield provider


def openai_client(fake: FakeProvider) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{fake.base_url}/v1", api_key="sk-fake", max_retries=0)


def anthropic_client(fake: FakeProvider) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(base_url=fake.base_url, api_key="sk-fake", max_retries=0)


def gemini_client(fake: FakeProvider) -> genai.Client:
    return genai.Client(
        api_key="fake", http_options=genai.types.HttpOptions(base_url=fake.base_url, api_version="v1beta")
    )


async def test_openai_plain_streamed_and_forced_tool(fake: FakeProvider) -> None:
    async with openai_client(fake) as client:
        whole = await client.chat.completions.create(model="m", messages=HELLO)
        assert whole.choices[0].message.content == ECHO
        assert whole.usage is not None
        assert whole.usage.completion_tokens == 4
        said = ""
        async for chunk in await client.chat.completions.create(model="m", messages=HELLO, stream=True):
            said += chunk.choices[0].delta.content or ""
        assert said == ECHO
        tool: Any = {"type": "function", "function": {"name": "weather", "parameters": WEATHER}}
        forced = await client.chat.completions.create(model="m", messages=HELLO, tools=[tool], tool_choice="required")
        assert forced.choices[0].message.tool_calls is not None
        call: Any = forced.choices[0].message.tool_calls[0]
        assert (call.function.name, call.function.arguments) == ("weather", '{"city":"a","days":1}')


async def test_openai_structured_output_completions_embeddings_and_models(fake: FakeProvider) -> None:
    async with openai_client(fake) as client:
        output: Any = {"type": "json_schema", "json_schema": {"name": "w", "schema": WEATHER}}
        whole = await client.chat.completions.create(model="m", messages=HELLO, response_format=output, n=2)
        assert [c.message.content for c in whole.choices] == ['{"city":"a","days":1}'] * 2
        legacy = await client.completions.create(model="m", prompt="hello there")
        assert legacy.choices[0].text == ECHO
        pieces = [c.choices[0].text async for c in await client.completions.create(model="m", prompt="a", stream=True)]
        assert "".join(pieces) == "Echo: a a a"
        first, second, again = (await client.embeddings.create(model="m", input=["x", "y", "x"], dimensions=8)).data
        assert len(first.embedding) == 8
        assert first.embedding == again.embedding != second.embedding
        assert [model.id async for model in client.models.list()] == ["fake-small", "fake-large"]


@pytest.mark.parametrize(
    ("recipe", "error"),
    [
        ("rate-limited", openai.RateLimitError),
        ("bad-key", openai.AuthenticationError),
        ("too-long", openai.BadRequestError),
        ("down", openai.InternalServerError),
        ("unreachable", openai.APIConnectionError),
    ],
)
async def test_openai_raises_its_own_exceptions(fake: FakeProvider, recipe: str, error: type[Exception]) -> None:
    async with openai_client(fake) as client:
        with pytest.raises(error):
            await client.chat.completions.create(model=f"fake/{recipe}", messages=HELLO)


async def test_openai_logprobs(fake: FakeProvider) -> None:
    async with openai_client(fake) as client:
        whole = await client.chat.completions.create(model="m", messages=HELLO, logprobs=True)
        assert whole.choices[0].logprobs is not None
        assert "".join(token.token for token in whole.choices[0].logprobs.content or ()) == ECHO


async def test_anthropic_plain_streamed_counted_and_listed(fake: FakeProvider) -> None:
    async with anthropic_client(fake) as client:
        whole = await client.messages.create(model="m", max_tokens=50, messages=HELLO)
        assert (whole.content[0].text, whole.stop_reason) == (ECHO, "end_turn")  # type: ignore[union-attr]
        assert whole.usage.output_tokens == 4
        async with client.messages.stream(model="m", max_tokens=50, messages=HELLO) as stream:
            assert "".join([text async for text in stream.text_stream]) == ECHO
            final = await stream.get_final_message()
        assert (final.stop_reason, final.usage.output_tokens) == ("end_turn", 4)
        assert (await client.messages.count_tokens(model="m", messages=HELLO)).input_tokens > 5
        assert [model.id async for model in client.models.list()] == ["fake-small", "fake-large"]


async def test_anthropic_thinks_and_calls_tools_in_parallel(fake: FakeProvider) -> None:
    fake.recipes(Recipe(thinking="hm, well", tool_calls=CALLS))
    async with anthropic_client(fake) as client:
        whole = await client.messages.create(model="m", max_tokens=50, messages=HELLO)
        async with client.messages.stream(model="m", max_tokens=50, messages=HELLO) as stream:
            streamed = await stream.get_final_message()
    for message in (whole, streamed):
        thinking, weather, time = message.content
        assert (thinking.type, thinking.thinking) == ("thinking", "hm, well")
        assert thinking.signature
        assert (weather.name, weather.input, time.input) == ("weather", {"city": "Bern"}, {"zone": "CET"})
        assert message.stop_reason == "tool_use"


async def test_anthropic_forced_tool_structured_output_and_stop_sequence(fake: FakeProvider) -> None:
    async with anthropic_client(fake) as client:
        tool: Any = {"name": "weather", "input_schema": WEATHER}
        choice: Any = {"type": "tool", "name": "weather"}
        forced = await client.messages.create(
            model="m", max_tokens=50, messages=HELLO, tools=[tool], tool_choice=choice
        )
        assert forced.content[0].input == {"city": "a", "days": 1}  # type: ignore[union-attr]
        output: Any = {"format": {"type": "json_schema", "schema": WEATHER}}
        shaped = await client.messages.create(model="m", max_tokens=50, messages=HELLO, output_config=output)
        assert shaped.content[0].text == '{"city":"a","days":1}'  # type: ignore[union-attr]
        stopped = await client.messages.create(model="m", max_tokens=50, messages=HELLO, stop_sequences=["there"])
        assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "there")


async def test_anthropic_counts_cached_tokens_beside_the_input(fake: FakeProvider) -> None:
    fake.recipes(
        Recipe(
            counts=Usage(
                input_tokens=100,
                output_tokens=9,
                cached_tokens=60,
                cache_write_5m_tokens=20,
                cache_write_1h_tokens=10,
                reasoning_tokens=4,
            )
        )
    )
    async with anthropic_client(fake) as client:
        usage = (await client.messages.create(model="m", max_tokens=50, messages=HELLO)).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (10, 60, 30)
    assert usage.cache_creation is not None
    assert usage.cache_creation.ephemeral_1h_input_tokens == 10
    assert usage.output_tokens_details is not None
    assert usage.output_tokens_details.thinking_tokens == 4


@pytest.mark.parametrize(
    ("recipe", "status", "kind"),
    [
        ("rate-limited", 429, "rate_limit_error"),
        ("overloaded", 529, "overloaded_error"),
        ("bad-key", 401, "authentication_error"),
        ("too-long", 400, "invalid_request_error"),
        ("broken", 500, "api_error"),
    ],
)
async def test_anthropic_errors_have_its_types(fake: FakeProvider, recipe: str, status: int, kind: str) -> None:
    async with anthropic_client(fake) as client:
        with pytest.raises(anthropic.APIStatusError) as caught:
            await client.messages.create(model=f"fake/{recipe}", max_tokens=5, messages=HELLO)
    body: Any = caught.value.body
    assert (caught.value.status_code, body["error"]["type"]) == (status, kind)


async def test_anthropic_error_event_within_a_stream(fake: FakeProvider) -> None:
    async with anthropic_client(fake) as client:
        with pytest.raises(anthropic.APIStatusError) as caught:
            async for _ in await client.messages.create(
                model="fake/error-in-stream", max_tokens=50, messages=HELLO, stream=True
            ):
                pass
    body: Any = caught.value.body
    assert body["error"]["type"] == "overloaded_error"


async def test_gemini_plain_streamed_embedded_counted_and_listed(fake: FakeProvider) -> None:
    async with gemini_client(fake).aio as client:
        whole = await client.models.generate_content(model="g", contents="hello there")
        assert whole.text == ECHO
        assert whole.usage_metadata is not None
        assert whole.usage_metadata.candidates_token_count == 4
        pieces = [c async for c in await client.models.generate_content_stream(model="g", contents="hello there")]
        assert "".join(piece.text or "" for piece in pieces) == ECHO
        last: Any = pieces[-1]
        assert last.candidates[0].finish_reason == "STOP"
        assert last.usage_metadata.candidates_token_count == 4
        config = genai.types.EmbedContentConfig(output_dimensionality=8)
        vectors: Any = await client.models.embed_content(model="g", contents=["x", "y"], config=config)
        assert [len(one.values) for one in vectors.embeddings] == [8, 8]
        assert ((await client.models.count_tokens(model="g", contents="hi")).total_tokens or 0) > 1
        assert [model.name async for model in await client.models.list()] == ["models/fake-small", "models/fake-large"]


async def test_gemini_thinks_and_calls_tools(fake: FakeProvider) -> None:
    fake.recipes(Recipe(thinking="hm, well", tool_calls=CALLS))
    async with gemini_client(fake).aio as client:
        whole: Any = await client.models.generate_content(model="g", contents="hello")
        stream = [c async for c in await client.models.generate_content_stream(model="g", contents="hello")]
    candidates: list[Any] = [(chunk.candidates or [])[0] for chunk in stream]
    streamed = [part for candidate in candidates for part in candidate.content.parts]
    for parts in (whole.candidates[0].content.parts, streamed):
        assert "".join(part.text for part in parts if part.thought) == "hm, well"
        assert [part.function_call.args for part in parts if part.function_call] == [{"city": "Bern"}, {"zone": "CET"}]
        assert any(part.thought_signature for part in parts)
    assert whole.usage_metadata.thoughts_token_count == 2


async def test_gemini_structured_output_and_forced_tool(fake: FakeProvider) -> None:
    async with gemini_client(fake).aio as client:
        shaped = await client.models.generate_content(
            model="g",
            contents="hello",
            config=genai.types.GenerateContentConfig(
                response_mime_type="application/json", response_json_schema=WEATHER
            ),
        )
        assert shaped.text == '{"city":"a","days":1}'
        tool: Any = {"function_declarations": [{"name": "weather", "parameters_json_schema": WEATHER}]}
        mode: Any = {"function_calling_config": {"mode": "ANY"}}
        config = genai.types.GenerateContentConfig(tools=[tool], tool_config=mode)
        forced: Any = await client.models.generate_content(model="g", contents="hello", config=config)
        assert forced.function_calls[0].args == {"city": "a", "days": 1}


@pytest.mark.parametrize(("recipe", "status"), [("rate-limited", "RESOURCE_EXHAUSTED"), ("down", "UNAVAILABLE")])
async def test_gemini_errors_have_its_status_names(fake: FakeProvider, recipe: str, status: str) -> None:
    async with gemini_client(fake).aio as client:
        with pytest.raises(genai.errors.APIError) as caught:
            await client.models.generate_content(model=f"fake/{recipe}", contents="hello")
    assert caught.value.status == status
