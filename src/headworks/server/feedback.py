"""`POST /v1/feedback`: what a user thought of an answer, to stand beside its trace."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from headworks.dialects.body import BodyReader

Comment = Annotated[str, Meta(max_length=10_000)]


class Feedback(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user's verdict on the answer of one trace. `score` is free for the application, -1 to 1."""

    trace_id: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    feedback: Literal["thumbs_up", "thumbs_down"]
    score: Annotated[float, Meta(ge=-1, le=1)] | None = None
    comment: Comment | None = None
    correction: Annotated[str, Meta(max_length=100_000)] | None = None


_READER = BodyReader(Feedback)


def read_feedback(body: bytes) -> Feedback:
    """Check a feedback body.

    Raises:
        BadAskError: Names the field and what was expected.
    """
    return _READER.read(body)[1]
