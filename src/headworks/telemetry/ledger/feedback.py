"""What users think of an answer: `POST /v1/feedback` and its checks."""

import math
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from headworks.core.errors import BadAskError

_Text = Annotated[str, Meta(max_length=20_000)]


class Feedback(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One note on one trace.

    Attributes:
        trace_id: The `x-request-id` of the answer.
        feedback: The thumb.
        score: Any finite number, in a scale of the application's own.
        comment: In the user's words.
        correction: What the answer should have been.
    """

    trace_id: str
    feedback: Literal["thumbs_up", "thumbs_down"]
    score: float | None = None
    comment: _Text | None = None
    correction: _Text | None = None


_decode = msgspec.json.Decoder(Feedback).decode


def read_feedback(body: bytes) -> Feedback:
    """Read the body of `POST /v1/feedback`.

    Raises:
        BadAskError: Not JSON, or not this shape; says which field.
    """
    try:
        note = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadAskError(f"The feedback cannot be read: {error}.") from error
    if note.score is not None and not math.isfinite(note.score):
        raise BadAskError("`score` must be a finite number.", param="score")
    return note
