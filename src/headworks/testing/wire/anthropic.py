"""Anthropic's messages as the fake speaks them.

Shapes documented at https://docs.claude.com/en/api/messages, .../messages-streaming and .../errors (2026-11-23).
"""

from typing import Any

from headworks.core.replies import Usage
from headworks.testing.answer import Answer, Question, ToolSpec
from headworks.testing.talk import read_talk
from headworks.testing.wire.parts import Body, Fault, Frame, Wire, encode, event, read_turns
from headworks.testing.wire.prefixes import Piece

OVERLOADED_STATUS = 529
MOST_MARKS = 4
_FINISH = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "pause": "pause_turn",
}
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    504: "timeout_error",
    OVERLOADED_STATUS: "overloaded_error",
}
_WORDS = {
    "context_length_exceeded": "prompt is too long: 9000 tokens > 8192 maximum",
    "content_filter": "Output blocked by content filtering policy",
}
_SIGNATURE = "ZmFrZSBzaWduYXR1cmU="


def read(body: Body, _model: str, size: int) -> Question:
    """The question in a messages request.

    Raises:
        ValueError: A prefill ends in a blank, which the real API refuses too.
    """
    talk = read_talk(read_turns(body["messages"]))
    if talk.begun is not None and talk.begun != talk.begun.rstrip():
        raise ValueError("messages: final assistant content cannot end with trailing whitespace")
    output = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    return Question(
        model=body["model"],
        body_bytes=size,
        stream=bool(body.get("stream")),
        talk=talk,
        forced=_forced(body),
        schema=output.get("schema"),
        max_tokens=int(body["max_tokens"]),
        stops=tuple(body.get("stop_sequences") or ()),
        think=(body.get("thinking") or {}).get("type", "disabled") != "disabled",
    )


def pieces(body: Body) -> list[Piece]:
    """The blocks of a prompt: tools, system, messages. The first mark beyond four is refused, as by the real API.

    Raises:
        ValueError: More than four marks, or one on a block that takes none.
    """
    system, messages = body.get("system") or [], body["messages"]
    blocks = [*(body.get("tools") or ()), *_as_blocks(system)]
    blocks += [block | {"role": turn["role"]} for turn in messages for block in _as_blocks(turn["content"])]
    found = [_piece(block) for block in blocks]
    if sum(piece.life is not None for piece in found) > MOST_MARKS:
        raise ValueError(f"A maximum of {MOST_MARKS} blocks with cache_control may be provided.")
    lives = [piece.life for piece in found if piece.life]
    if lives != sorted(lives):  # "1h" before "5m"
        raise ValueError("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block.")
    return found


def _as_blocks(content: Any) -> list[Body]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _piece(block: Body) -> Piece:
    mark = block.get("cache_control")
    if mark and (block.get("type") in ("thinking", "redacted_thinking") or block.get("text", "-").strip() == ""):
        raise ValueError(f"cache_control cannot be set for a block of type {block['type']} like this.")
    bare = {name: value for name, value in block.items() if name != "cache_control"}
    return Piece(bare, mark.get("ttl", "5m") if mark else None)


def _forced(body: Body) -> ToolSpec | None:
    """The tool that `tool_choice` leaves no way around."""
    choice = body.get("tool_choice") or {}
    tools = [tool for tool in body.get("tools") or () if "input_schema" in tool]
    if choice.get("type") == "tool":
        tools = [tool for tool in tools if tool["name"] == choice["name"]]
    elif choice.get("type") != "any":
        return None
    return ToolSpec(tools[0]["name"], tools[0]["input_schema"]) if tools else None


def whole(answer: Answer) -> bytes:
    """A `message`."""
    content: list[Body] = []
    if answer.thinking:
        content.append({"type": "thinking", "thinking": "".join(answer.thinking), "signature": _SIGNATURE})
    if answer.pieces:
        content.append({"type": "text", "text": answer.text})
    content += [{"type": "tool_use", "id": u.id, "name": u.name, "input": u.arguments} for u in answer.tool_uses]
    message = _message(answer) | {"content": content, "stop_reason": _finish(answer)}
    message["stop_sequence"] = answer.stop_sequence
    if answer.usage is not None:
        message["usage"] = _usage(answer.usage)
    return encode(message)


def frames(answer: Answer) -> list[Frame]:
    """The events of a message: start, ping, one block after the other, the closing delta, stop."""
    start = _message(answer) | {"content": [], "stop_reason": None, "stop_sequence": None}
    if answer.usage is not None:
        start["usage"] = _usage(Usage()) if answer.usage_last else _usage(answer.usage) | {"output_tokens": 1}
    found = [_frame({"type": "message_start", "message": start}), _frame({"type": "ping"})]
    for index, (opening, deltas) in enumerate(_blocks(answer)):
        found.append(_frame({"type": "content_block_start", "index": index, "content_block": opening}))
        for delta in deltas:
            tokens = 0 if delta["type"] == "signature_delta" else 1
            found.append(_frame({"type": "content_block_delta", "index": index, "delta": delta}, tokens))
        found.append(_frame({"type": "content_block_stop", "index": index}))
    if answer.finish is not None:
        closing: Body = {"type": "message_delta"}
        closing["delta"] = {"stop_reason": _finish(answer), "stop_sequence": answer.stop_sequence}
        if answer.usage is not None:
            closing["usage"] = _usage(answer.usage)
        found.append(_frame(closing))
    if answer.end_marker:
        found.append(_frame({"type": "message_stop"}))
    return found


def _blocks(answer: Answer) -> list[tuple[Body, list[Body]]]:
    """Each content block: how it opens, and its deltas."""
    blocks: list[tuple[Body, list[Body]]] = []
    if answer.thinking:
        deltas: list[Body] = [{"type": "thinking_delta", "thinking": piece} for piece in answer.thinking]
        deltas.append({"type": "signature_delta", "signature": _SIGNATURE})
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, deltas))
    if answer.pieces:
        texts: list[Body] = [{"type": "text_delta", "text": piece} for piece in answer.pieces]
        blocks.append(({"type": "text", "text": ""}, texts))
    for use in answer.tool_uses:
        fragments: list[Body] = [{"type": "input_json_delta", "partial_json": part} for part in use.fragments]
        blocks.append(({"type": "tool_use", "id": use.id, "name": use.name, "input": {}}, fragments))
    return blocks


def _frame(payload: Body, tokens: int = 0) -> Frame:
    return Frame(event(payload, payload["type"]), tokens)


def _message(answer: Answer) -> dict[str, Any]:
    return {"id": f"msg_{answer.id}", "type": "message", "role": "assistant", "model": answer.question.model}


def _finish(answer: Answer) -> str | None:
    return _FINISH.get(answer.finish, answer.finish) if answer.finish else None


def _usage(usage: Usage) -> Body:
    """Input tokens are those neither read from nor written to the cache."""
    counts: Body = {
        "input_tokens": usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        },
        "output_tokens": usage.output_tokens,
        "service_tier": usage.service_tier or "standard",
    }
    if usage.reasoning_tokens:
        counts["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.web_searches:
        counts["server_tool_use"] = {"web_search_requests": usage.web_searches}
    return counts


def error(fault: Fault) -> bytes:
    """`{"type": "error", "error": {type, message}, "request_id"}`."""
    return encode(_error(fault))


def _error(fault: Fault) -> Body:
    detail: Body = {"type": _TYPES.get(fault.status, "api_error"), "message": fault.message}
    if fault.code in _WORDS:
        detail["message"] = _WORDS[fault.code]
    if fault.code == "insufficient_quota":
        detail["details"] = {"error_code": "enforced_spend_limit_reached"}
    return {"type": "error", "error": detail, "request_id": "req_fake"}


def error_event(fault: Fault) -> bytes:
    """The same object as an `error` event."""
    return event(_error(fault), "error")


MESSAGES = Wire(
    read=read,
    whole=whole,
    frames=frames,
    error=error,
    error_event=error_event,
    malformed=b'event: content_block_delta\ndata: {"type": "content_block_del\n\n',
    overloaded_status=OVERLOADED_STATUS,
    pieces=pieces,
)
