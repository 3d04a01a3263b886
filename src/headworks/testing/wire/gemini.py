"""Gemini's `generateContent` and `streamGenerateContent` as the fake speaks them.

Shapes documented at https://ai.google.dev/api/generate-content and https://ai.google.dev/gemini-api/docs/function-calling;
errors are google.rpc.Status, https://cloud.google.com/apis/design/errors (2026-11-23).
"""

import re
from typing import Any

from headworks.core.replies import Usage
from headworks.testing.answer import Answer, Question, ToolSpec
from headworks.testing.talk import Turn, read_talk
from headworks.testing.wire.parts import Body, Fault, Frame, Wire, encode, event
from headworks.testing.wire.prefixes import Piece

_FINISH = {
    "stop": "STOP",
    "stop_sequence": "STOP",
    "tool_calls": "STOP",
    "pause": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "refusal": "SAFETY",
}
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_WORDS = {
    "context_length_exceeded": "The input token count (9000) exceeds the maximum number of tokens allowed (8192).",
    "invalid_api_key": "API key not valid.",
}
_CAPITAL = re.compile("[A-Z]")
_SIGNATURE = "ZmFrZSBzaWduYXR1cmU="


def read(body: Body, model: str, size: int) -> Question:
    """The question in a `generateContent` request."""
    config = _field(body, "generationConfig") or {}
    wants_json = _field(config, "responseMimeType") == "application/json"
    schema = _field(config, "responseJsonSchema") or _field(config, "responseSchema") or ({} if wants_json else None)
    return Question(
        model=model,
        body_bytes=size,
        talk=read_talk([_turn(content) for content in body["contents"]], "model"),
        forced=_forced(body),
        schema=schema,
        max_tokens=_field(config, "maxOutputTokens"),
        stops=tuple(_field(config, "stopSequences") or ()),
        choices=_field(config, "candidateCount") or 1,
        think=bool(_field(_field(config, "thinkingConfig") or {}, "includeThoughts")),
    )


def read_stream(body: Body, model: str, size: int) -> Question:
    """The question in a `streamGenerateContent` request."""
    question = read(body, model, size)
    question.stream = True
    return question


def pieces(body: Body) -> list[Piece]:
    """The blocks of a prompt: instructions, tools, turns. All are kept unasked."""
    beginning = (_field(body, "systemInstruction"), body.get("tools"))
    return [Piece(block, "5m", unasked=True) for block in (*beginning, *body["contents"])]


def _turn(content: Body) -> Turn:
    role = content.get("role", "user")
    texts = (part["text"] for part in content["parts"] if "text" in part)
    return Turn(role, ("" if role == "model" else " ").join(texts))


def _forced(body: Body) -> ToolSpec | None:
    """The function that mode `ANY` leaves no way around."""
    config = _field(_field(body, "toolConfig") or {}, "functionCallingConfig") or {}
    if config.get("mode") != "ANY":
        return None
    allowed = _field(config, "allowedFunctionNames")
    for tool in body.get("tools") or ():
        for function in _field(tool, "functionDeclarations") or ():
            if not allowed or function["name"] in allowed:
                schema = _field(function, "parametersJsonSchema") or function.get("parameters") or {}
                return ToolSpec(function["name"], schema)
    return None


def _field(of: Body, name: str) -> Any:
    """A field in either spelling: JSON of protobuf may be camelCase or snake_case, and Google's SDK mixes them."""
    return of[name] if name in of else of.get(_CAPITAL.sub(lambda found: "_" + found[0].lower(), name))


def whole(answer: Answer) -> bytes:
    """A `GenerateContentResponse`."""
    parts: list[Body] = []
    if answer.thinking:
        parts.append({"text": "".join(answer.thinking), "thought": True})
    if answer.pieces:
        parts.append({"text": answer.text})
    parts += _call_parts(answer)
    return encode(_response(answer, [_candidate(answer, parts, _finish(answer), n) for n in _choices(answer)], 1.0))


def frames(answer: Answer) -> list[Frame]:
    """One response per token; calls come whole, and the finish reason with an empty text at the end."""
    steps: list[tuple[Body, int]] = [({"text": piece, "thought": True}, 1) for piece in answer.thinking]
    steps += [({"text": piece}, 1) for piece in answer.pieces]
    fragments = [len(use.fragments) for use in answer.tool_uses]
    steps += list(zip(_call_parts(answer), fragments, strict=True))
    steps.append(({"text": ""}, 0))
    found = []
    for number in _choices(answer):
        for at, (part, tokens) in enumerate(steps, 1):
            last = at == len(steps)
            candidate = _candidate(answer, [part], _finish(answer) if last else None, number)
            done = at / len(steps) if not answer.usage_last or last else None
            found.append(Frame(event(_response(answer, [candidate], done)), tokens))
    return found


def _choices(answer: Answer) -> range:
    return range(answer.question.choices)


def _call_parts(answer: Answer) -> list[Body]:
    parts: list[Body] = [
        {"functionCall": {"id": use.id, "name": use.name, "args": use.arguments}} for use in answer.tool_uses
    ]
    if parts and answer.thinking:
        parts[0]["thoughtSignature"] = _SIGNATURE
    return parts


def _candidate(answer: Answer, parts: list[Body], finish: str | None, index: int) -> Body:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": index}
    if finish is not None and answer.finish is not None:
        candidate["finishReason"] = finish
    return candidate


def _response(answer: Answer, candidates: list[Body], done: float | None) -> Body:
    """A response; `done` is the share of the output written so far, None for one without usage."""
    response: Body = {"candidates": candidates}
    if answer.usage is not None and done is not None:
        response["usageMetadata"] = _usage(answer.usage, done)
    return response | {"modelVersion": answer.question.model, "responseId": answer.id}


def _finish(answer: Answer) -> str | None:
    return _FINISH.get(answer.finish, answer.finish) if answer.finish else None


def _usage(usage: Usage, done: float) -> Body:
    """Thoughts stand beside the candidates' tokens; cached tokens inside the prompt's."""
    spoken = int((usage.output_tokens - usage.reasoning_tokens) * done)
    counts: Body = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": spoken,
        "totalTokenCount": usage.input_tokens + spoken + usage.reasoning_tokens,
        "promptTokensDetails": _modalities(usage),
    }
    if usage.reasoning_tokens:
        counts["thoughtsTokenCount"] = usage.reasoning_tokens
    if usage.cached_tokens:
        counts["cachedContentTokenCount"] = usage.cached_tokens
    if usage.audio_output_tokens:
        counts["candidatesTokensDetails"] = [{"modality": "AUDIO", "tokenCount": usage.audio_output_tokens}]
    return counts


def _modalities(usage: Usage) -> list[Body]:
    text = usage.input_tokens - usage.audio_input_tokens - usage.image_input_tokens
    counts = {"TEXT": text, "AUDIO": usage.audio_input_tokens, "IMAGE": usage.image_input_tokens}
    return [{"modality": name, "tokenCount": count} for name, count in counts.items() if count]


def error(fault: Fault) -> bytes:
    """`{"error": {code, message, status}}`, with google.rpc details where clients use them."""
    return encode(_error(fault))


def _error(fault: Fault) -> Body:
    usual = "INTERNAL" if fault.status >= 500 else "INVALID_ARGUMENT"
    detail: Body = {"code": fault.status, "message": fault.message, "status": _STATUS.get(fault.status, usual)}
    if fault.code in _WORDS:
        detail["message"] = _WORDS[fault.code]
    if fault.code == "rate_limit_exceeded":
        detail["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}]
    return {"error": detail}


def error_event(fault: Fault) -> bytes:
    """The same object as the data of an event."""
    return event(_error(fault))


GENERATE = Wire(read=read, whole=whole, frames=frames, error=error, error_event=error_event, pieces=pieces)
STREAM = Wire(read=read_stream, whole=whole, frames=frames, error=error, error_event=error_event, pieces=pieces)
