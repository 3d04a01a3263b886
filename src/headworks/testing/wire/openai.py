"""OpenAI's chat and legacy completions as the fake speaks them.

Shapes documented at https://platform.openai.com/docs/api-reference/chat and .../completions (2026-11-23);
`reasoning_content` is how OpenAI-like providers show reasoning (https://api-docs.deepseek.com/guides/reasoning_model).
"""

from typing import Any

from headworks.core.replies import Usage
from headworks.testing.answer import Answer, Question, ToolSpec
from headworks.testing.talk import Talk, read_talk
from headworks.testing.wire.parts import Body, Fault, Frame, Wire, encode, event, read_turns
from headworks.testing.wire.prefixes import Piece

_FINISH = {"stop_sequence": "stop", "refusal": "stop", "pause": "stop"}
_TYPES = {
    "insufficient_quota": "insufficient_quota",
    "rate_limit_exceeded": "requests",
    "overloaded": "server_error",
}
_DONE = Frame(b"data: [DONE]\n\n")


def read_chat(body: Body, _model: str, size: int) -> Question:
    """The question in a chat request."""
    output = body.get("response_format") or {}
    schema = (output.get("json_schema") or {}).get("schema") if output else None
    if output.get("type") == "json_object":
        schema = {}
    question = _read(body, size)
    question.talk = read_talk(read_turns(body["messages"]))
    question.forced = _forced(body)
    question.schema = schema
    question.logprobs = bool(body.get("logprobs"))
    return question


def read_completion(body: Body, _model: str, size: int) -> Question:
    """The question in a legacy completion request. Of several prompts, the first is answered."""
    prompt = body["prompt"]
    question = _read(body, size)
    question.talk = Talk(said=prompt if isinstance(prompt, str) else str(prompt[0]), plain=True)
    return question


def _read(body: Body, size: int) -> Question:
    stop = body.get("stop") or ()
    return Question(
        model=body["model"],
        body_bytes=size,
        stream=bool(body.get("stream")),
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        stops=(stop,) if isinstance(stop, str) else tuple(stop),
        choices=body.get("n") or 1,
        tell_usage=not body.get("stream") or bool((body.get("stream_options") or {}).get("include_usage")),
    )


def pieces(body: Body) -> list[Piece]:
    """The blocks of a prompt, tools first. All are kept unasked."""
    return [Piece(block, "5m", unasked=True) for block in (*(body.get("tools") or ()), *body["messages"])]


def _forced(body: Body) -> ToolSpec | None:
    """The tool that `tool_choice` leaves no way around."""
    choice = body.get("tool_choice")
    functions = [tool["function"] for tool in body.get("tools") or () if tool.get("type") == "function"]
    if isinstance(choice, dict):
        functions = [function for function in functions if function["name"] == choice["function"]["name"]]
    elif choice != "required":
        return None
    return ToolSpec(functions[0]["name"], functions[0].get("parameters") or {}) if functions else None


def whole_chat(answer: Answer) -> bytes:
    """A `chat.completion`."""
    question = answer.question
    message: dict[str, Any] = {"role": "assistant", "content": None if answer.tool_uses else answer.text}
    message["refusal"] = None
    if answer.refusal:
        message |= {"content": None, "refusal": answer.text}
    if answer.thinking:
        message["reasoning_content"] = "".join(answer.thinking)
    if answer.tool_uses:
        message["tool_calls"] = [
            {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": "".join(use.fragments)}}
            for use in answer.tool_uses
        ]
    logprobs = _logprobs(answer.pieces) if question.logprobs else None
    choices = [
        {"index": index, "message": message, "logprobs": logprobs, "finish_reason": _finish(answer)}
        for index in range(question.choices)
    ]
    return _whole(answer, "chat.completion", choices)


def whole_completion(answer: Answer) -> bytes:
    """A `text_completion`."""
    choice = {"text": answer.text, "logprobs": None, "finish_reason": _finish(answer)}
    return _whole(answer, "text_completion", [{"index": index, **choice} for index in range(answer.question.choices)])


def _whole(answer: Answer, kind: str, choices: list[Body]) -> bytes:
    reply = _stem(answer, kind) | {"choices": choices}
    if answer.usage is not None:
        reply["usage"] = _usage(answer.usage)
    return encode(reply)


def chat_frames(answer: Answer) -> list[Frame]:
    """`chat.completion.chunk` events: role, thinking, text or calls, finish reason, usage, end marker."""
    deltas: list[tuple[Body, int]] = [({"role": "assistant", "content": ""}, 0)]
    deltas += [({"reasoning_content": piece}, 1) for piece in answer.thinking]
    deltas += [({"refusal" if answer.refusal else "content": piece}, 1) for piece in answer.pieces]
    for slot, use in enumerate(answer.tool_uses):
        function = {"name": use.name, "arguments": ""}
        deltas.append(({"tool_calls": [{"index": slot, "id": use.id, "type": "function", "function": function}]}, 0))
        deltas += [({"tool_calls": [{"index": slot, "function": {"arguments": f}}]}, 1) for f in use.fragments]
    stem = _stem(answer, "chat.completion.chunk")
    frames = []
    for index in range(answer.question.choices):
        for delta, tokens in deltas:
            choice: Body = {"index": index, "delta": delta, "finish_reason": None}
            if answer.question.logprobs and (piece := delta.get("content")):
                choice["logprobs"] = _logprobs([piece])
            frames.append(Frame(event(stem | {"choices": [choice]}), tokens))
    return frames + _ending(answer, stem, {"delta": {}})


def completion_frames(answer: Answer) -> list[Frame]:
    """`text_completion` events."""
    stem = _stem(answer, "text_completion")
    frames = [
        Frame(event(stem | {"choices": [{"index": index, "text": piece, "logprobs": None, "finish_reason": None}]}), 1)
        for index in range(answer.question.choices)
        for piece in answer.pieces
    ]
    return frames + _ending(answer, stem, {"text": "", "logprobs": None})


def _ending(answer: Answer, stem: Body, empty: Body) -> list[Frame]:
    usage = _usage(answer.usage) if answer.usage is not None and answer.question.tell_usage else None
    frames = []
    if answer.finish is not None:
        for index in range(answer.question.choices):
            chunk = stem | {"choices": [{"index": index, **empty, "finish_reason": _finish(answer)}]}
            if usage and answer.usage_last and index == answer.question.choices - 1:
                chunk["usage"] = usage
            frames.append(Frame(event(chunk)))
    if usage and not answer.usage_last:
        frames.append(Frame(event(stem | {"choices": [], "usage": usage})))
    return [*frames, _DONE] if answer.end_marker else frames


def _stem(answer: Answer, kind: str) -> Body:
    return {
        "id": f"chatcmpl-{answer.id}",
        "object": kind,
        "created": answer.created,
        "model": answer.question.model,
        "system_fingerprint": "fp_fake",
    }


def _finish(answer: Answer) -> str | None:
    return _FINISH.get(answer.finish, answer.finish) if answer.finish else None


def _logprobs(pieces: list[str]) -> Body:
    content = [{"token": p, "logprob": -0.25, "bytes": list(p.encode()), "top_logprobs": []} for p in pieces]
    return {"content": content, "refusal": None}


def _usage(usage: Usage) -> Body:
    """Cached tokens stand inside the prompt's, reasoning inside the completion's."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "audio_tokens": usage.audio_input_tokens,
            "image_tokens": usage.image_input_tokens,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": usage.audio_output_tokens,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def error(fault: Fault) -> bytes:
    """`{"error": {message, type, param, code}}`."""
    return encode(_error(fault))


def _error(fault: Fault) -> Body:
    usual = "server_error" if fault.status >= 500 else "invalid_request_error"
    kind = _TYPES.get(fault.code or "", usual)
    param = "messages" if fault.code == "context_length_exceeded" else None
    return {"error": {"message": fault.message, "type": kind, "param": param, "code": fault.code}}


def error_event(fault: Fault) -> bytes:
    """The same object as the data of an event."""
    return event(_error(fault))


CHAT = Wire(read=read_chat, whole=whole_chat, frames=chat_frames, error=error, error_event=error_event, pieces=pieces)
COMPLETION = Wire(
    read=read_completion, whole=whole_completion, frames=completion_frames, error=error, error_event=error_event
)
