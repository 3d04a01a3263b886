"""Settings of the local model."""

from msgspec import Struct


class LocalSettings(Struct, frozen=True, kw_only=True):
    """How the local model is run.

    Attributes:
        model_path: A GGUF file; None for the small model that is installed as a package.
        context_tokens: Tokens each call may use, prompt and answer together.
        parallel: Calls answered at once; further ones wait their turn.
        threads: Threads that compute. More than the idle cores slows every answer many times over.
        temperature: Used when a call names none; small models ramble at the usual 0.8.
        top_p: Used when a call names none.
        idle_s: Seconds without a new call after which the model is let go; 0 keeps it for ever.
        start_timeout_s: Seconds the model may take to load.
    """

    model_path: str | None = None
    context_tokens: int = 2048
    parallel: int = 2
    threads: int = 1
    temperature: float = 0.2
    top_p: float = 0.9
    idle_s: float = 900.0
    start_timeout_s: float = 60.0
