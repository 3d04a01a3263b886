"""Thought signatures: proofs that only their own maker accepts.

A conversation may move between providers, and a signature made elsewhere is refused here (and the reverse), so those
that travel in thinking blocks are marked with their origin. A signature of a tool call needs no mark: no other dialect
has one. Source: https://ai.google.dev/gemini-api/docs/thought-signatures (read 2026-11-23).
"""

_MARK = "gemini:"  # a colon is not a base64 character, so no maker's own signature begins so

UNSIGNED = "skip_thought_signature_validator"
"""The documented stand-in for a tool call in a history that another model wrote; without any the call is refused."""


def marked(signature: str) -> str:
    """A signature of this provider, as clients keep it."""
    return _MARK + signature


def unmarked(signature: str | None) -> str | None:
    """The provider's own signature; None when there is none or another provider made it."""
    if signature is None or not signature.startswith(_MARK):
        return None
    return signature.removeprefix(_MARK)
