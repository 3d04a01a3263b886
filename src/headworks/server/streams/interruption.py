"""The last words of a stream whose end nobody has: an error in its own dialect, so that it is never taken for whole."""

from headworks.core.errors import ProviderError
from headworks.dialects import anthropic, openai

_DIALECTS = {openai.DIALECT.name: (b"", openai), anthropic.DIALECT.name: (b"event: error\n", anthropic)}


def broken_off() -> ProviderError:
    """The error of a stream that nobody will finish."""
    return ProviderError(
        "The answer broke off, because its client left or because the gateway was killed; what was sent is all there "
        "is. Send the request again.",
        code="stream_interrupted",
    )


def interruption(dialect: str, trace_id: str, number: int) -> bytes:
    """The error event of a stream that broke off; `number` is its own."""
    name, wire = _DIALECTS[dialect]
    return b"id: %d\n%bdata: %b\n\n" % (number, name, wire.write_error(broken_off(), trace_id))
