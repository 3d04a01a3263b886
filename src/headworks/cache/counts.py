"""What the cache did, counted."""

from msgspec import Struct


class Counts(Struct):
    """Since this process started.

    Attributes:
        exact: Calls answered by an answer to the same call.
        semantic: Calls answered by an answer to a question that means the same.
        joined: Calls that shared the provider call of another.
        missed: Calls that were looked up in vain.
        passed: Calls of a feature with a cache that may not be cached: their temperature, their tools, no user.
        stored: Answers kept.
        disliked: Answers let go of because a user called them wrong.
        saved_nano: Nano-dollars that the answers of `exact` and `semantic` had cost; unknown prices count nothing.
    """

    exact: int = 0
    semantic: int = 0
    joined: int = 0
    missed: int = 0
    passed: int = 0
    stored: int = 0
    disliked: int = 0
    saved_nano: int = 0
