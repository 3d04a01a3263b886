"""Every field of a prompt is sent in Gemini's words, refused by name, or dropped by name: never skipped."""

from typing import Any

import msgspec
import pytest
from google.genai import types

from headworks.core.errors import BadAskError
from headworks.core.messages import (
    Ask,
    Kind,
    Message,
    OutputFormat,
    Prompt,
    Reasoning,
    Target,
    Text,
    Tool,
    ToolChoice,
)
from headworks.dialects.gemini import DIALECT
from headworks.dialects.protocols import WireRequest

HI = (Message("user", (Text("hi"),)),)
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool(name="weather", description="Now", parameters=SCHEMA)
ADJUST = Tool(name="adjust", strict=True)
SAID_ELSEWHERE = {"messages", "inputs", "dimensions"}


def request(
    *, kind: Kind = "chat", model: str = "gemini-3.8-flash", drop: bool = False, stream: bool = False, **fields: Any
) -> WireRequest:
    prompt = Prompt(**{"messages": HI, **fields})
    ask = Ask(
        trace_id="t", dialect="openai", kind=kind, model="m", fields={}, read_prompt=lambda: prompt, stream=stream
    )
    unsupported = "drop" if drop else "refuse"
    target = Target(name="m", provider="p", provider_model=model, dialect="gemini", unsupported=unsupported)  # type: ignore[arg-type]
    return DIALECT.request(ask, target)


def body(**fields: Any) -> dict[str, Any]:
    written: dict[str, Any] = msgspec.json.decode(request(**fields).body)
    assert written.pop("contents") == [{"role": "user", "parts": [{"text": "hi"}]}]
    types.GenerationConfig.model_validate(written.get("generationConfig", {}), extra="forbid")
    types.ToolConfig.model_validate(written.get("toolConfig", {}), extra="forbid")
    for tool in written.get("tools", []):
        types.Tool.model_validate(tool, extra="forbid")
    return written


CONFIG: list[tuple[str, Any, dict[str, Any]]] = [
    ("max_tokens", 100, {"maxOutputTokens": 100}),
    ("temperature", 0.0, {"temperature": 0.0}),
    ("top_p", 0.5, {"topP": 0.5}),
    ("top_k", 40, {"topK": 40}),
    ("stop", ("END", "\n\n"), {"stopSequences": ["END", "\n\n"]}),
    ("seed", 7, {"seed": 7}),
    ("n", 3, {"candidateCount": 3}),
    ("logprobs", True, {"responseLogprobs": True}),
    ("top_logprobs", 5, {"logprobs": 5}),
    ("presence_penalty", 0.5, {"presencePenalty": 0.5}),
    ("frequency_penalty", -0.5, {"frequencyPenalty": -0.5}),
    ("output", OutputFormat(mode="json"), {"responseMimeType": "application/json"}),
    (
        "output",
        OutputFormat(mode="json_schema", name="place", description="Where", schema=SCHEMA, strict=True),
        {
            "responseMimeType": "application/json",
            "responseJsonSchema": {"title": "place", "description": "Where", **SCHEMA},
        },
    ),
    ("reasoning", Reasoning(enabled=False, effort="none"), {"thinkingConfig": {"thinkingBudget": 0}}),
    ("reasoning", Reasoning(), {"thinkingConfig": {"includeThoughts": True}}),
    (
        "reasoning",
        Reasoning(budget_tokens=5_000),
        {"thinkingConfig": {"includeThoughts": True, "thinkingBudget": 5_000}},
    ),
    ("reasoning", Reasoning(effort="low"), {"thinkingConfig": {"includeThoughts": True, "thinkingLevel": "LOW"}}),
    ("reasoning", Reasoning(effort="xhigh"), {"thinkingConfig": {"includeThoughts": True, "thinkingLevel": "XHIGH"}}),
]

WRITTEN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"tools": (WEATHER,)},
        {
            "tools": [
                {"functionDeclarations": [{"name": "weather", "description": "Now", "parametersJsonSchema": SCHEMA}]}
            ]
        },
    ),
    (
        {"tools": (ADJUST,)},
        {
            "tools": [{"functionDeclarations": [{"name": "adjust"}]}],
            "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}},
        },
    ),
    ({"tool_choice": ToolChoice("auto")}, {"toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}}),
    ({"tool_choice": ToolChoice("none")}, {"toolConfig": {"functionCallingConfig": {"mode": "NONE"}}}),
    ({"tool_choice": ToolChoice("required")}, {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}),
    (
        {"tool_choice": ToolChoice("tool", "weather")},
        {"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}}},
    ),
    ({"service_tier": "flex"}, {"serviceTier": "flex"}),
    ({"service_tier": "priority"}, {"serviceTier": "priority"}),
    ({"service_tier": "default"}, {"serviceTier": "standard"}),
    ({"service_tier": "standard_only"}, {"serviceTier": "standard"}),
    ({"service_tier": "auto"}, {}),
    ({"parallel_tools": True, "tools": ()}, {}),
    ({"parallel_tools": False, "tools": ()}, {}),
    ({"logprobs": False}, {}),
]

GAPS: list[tuple[dict[str, Any], str]] = [
    ({"parallel_tools": False, "tools": (WEATHER,)}, "parallel_tool_calls"),
    ({"service_tier": "scale"}, "service_tier"),
    ({"reasoning": Reasoning(effort="heroic")}, "reasoning_effort"),
    ({"extra": {"logit_bias": {"50256": -100}}}, "logit_bias"),
    ({"extra": {"store": True}}, "store"),
    ({"extra": {"field_of_tomorrow": None}}, "field_of_tomorrow"),
]

HINTS: list[tuple[dict[str, Any], str]] = [
    ({"user": "ann"}, "user"),
    ({"tools": (Tool(name="f", cache_mark={"type": "ephemeral"}),)}, "cache_control"),
]


@pytest.mark.parametrize(("field", "value", "config"), CONFIG)
def test_how_to_generate(field: str, value: Any, config: dict[str, Any]) -> None:
    assert body(**{field: value}) == {"generationConfig": config}


@pytest.mark.parametrize(("fields", "written"), WRITTEN)
def test_tools_and_tiers(fields: dict[str, Any], written: dict[str, Any]) -> None:
    assert body(**fields) == written
    assert request(**fields).dropped == ()


@pytest.mark.parametrize(("fields", "name"), GAPS)
def test_a_field_without_counterpart_is_refused_by_name_or_dropped_by_name(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(BadAskError) as caught:
        request(**fields)
    assert (caught.value.code, caught.value.param, caught.value.status) == ("unsupported_field", name, 400)
    dropped = request(**fields, drop=True)
    assert dropped.dropped == (name,)
    assert name.encode() not in dropped.body


@pytest.mark.parametrize(("fields", "name"), HINTS)
def test_a_field_that_changes_no_answer_is_left_out_and_named(fields: dict[str, Any], name: str) -> None:
    assert request(**fields).dropped == (name,)


def test_no_field_of_a_prompt_was_forgotten_here() -> None:
    tried = {field for field, _, _ in CONFIG}
    for fields, _ in [*WRITTEN, *GAPS, *HINTS]:
        tried |= set(fields)
    assert tried | SAID_ELSEWHERE == set(Prompt.__struct_fields__)


@pytest.mark.parametrize(
    ("effort", "budget"), [("minimal", 1_024), ("low", 1_024), ("medium", 8_192), ("high", 24_576)]
)
def test_models_that_know_no_levels_are_given_a_budget(effort: str, budget: int) -> None:
    written = body(model="gemini-2.5-flash", reasoning=Reasoning(effort=effort))
    assert written["generationConfig"]["thinkingConfig"] == {"includeThoughts": True, "thinkingBudget": budget}


def test_a_schema_keeps_its_own_title_and_description() -> None:
    schema = {"title": "mine", "type": "object"}
    written = body(output=OutputFormat(mode="json_schema", name="other", schema=schema))
    assert written["generationConfig"]["responseJsonSchema"] == schema


def test_the_path_names_model_and_method() -> None:
    assert request().path == "/models/gemini-3.8-flash:generateContent"
    assert request(kind="completion").path == "/models/gemini-3.8-flash:generateContent"
    assert request(stream=True).path == "/models/gemini-3.8-flash:streamGenerateContent?alt=sse"
    assert request(model="models/gemini-3.8-flash").path == "/models/gemini-3.8-flash:generateContent"


@pytest.mark.parametrize("model", ["../x", "a/../../b", "x?key=1", "x#y", "a:b", "ä b", "%2e%2e", "x\r\ny"])
def test_no_model_name_leaves_its_place_in_the_path(model: str) -> None:
    path = request(model=model).path
    name = path.removeprefix("/models/").removesuffix(":generateContent")
    assert name.isascii()
    assert not set(name) & set("/?#: \r\n")


def test_texts_to_embed_are_one_request_each() -> None:
    sent = request(kind="embedding", model="gemini-embedding-001", messages=(), inputs=("a", "ü"), dimensions=256)
    assert sent.path == "/models/gemini-embedding-001:batchEmbedContents"
    one = {"model": "models/gemini-embedding-001", "outputDimensionality": 256}
    assert msgspec.json.decode(sent.body) == {
        "requests": [
            {**one, "content": {"parts": [{"text": "a"}]}},
            {**one, "content": {"parts": [{"text": "ü"}]}},
        ]
    }


def test_embeddings_have_gaps_too() -> None:
    with pytest.raises(BadAskError, match="task"):
        request(kind="embedding", messages=(), inputs=("a",), extra={"task": "x"})
    assert request(kind="embedding", messages=(), inputs=("a",), user="ann").dropped == ("user",)


def test_a_count_is_made_of_the_whole_request() -> None:
    sent = request(kind="count", tools=(WEATHER,), messages=(Message("system", (Text("be brief"),)), *HI))
    assert sent.path == "/models/gemini-3.8-flash:countTokens"
    counted = msgspec.json.decode(sent.body)["generateContentRequest"]
    assert counted["model"] == "models/gemini-3.8-flash"
    assert counted["systemInstruction"] == {"parts": [{"text": "be brief"}]}
    assert counted["tools"][0]["functionDeclarations"][0]["name"] == "weather"


def test_no_request_carries_headers_of_its_own() -> None:
    assert request().headers == {}
