"""Tool arguments: neutral JSON text, an object in this dialect."""

import msgspec
from msgspec import Raw

_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def is_object(text: str) -> bool:
    """True when `text` is one complete JSON object."""
    try:
        _OBJECT.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def tool_input(arguments: str) -> Raw:
    """The `input` for arguments as the model wrote them, spelt the same.

    Text that is no JSON object (cut off by a token limit, say) is wrapped as the provider documents it for handing
    broken arguments back to the model (platform.claude.com, fine-grained tool streaming, 2026-11-23).
    """
    if not arguments.strip():
        return Raw(b"{}")
    if is_object(arguments):
        return Raw(arguments.encode())
    return Raw(msgspec.json.encode({"INVALID_JSON": arguments}))
