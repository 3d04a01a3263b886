"""Settings of retrieval: what a feature fetches, and how an index is made."""

from pydantic import BaseModel, ConfigDict, Field

NAME_PATTERN = "^[A-Za-z0-9_-]{1,64}$"
_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class RetrievalSettings(BaseModel):
    """What this feature fetches before the model is asked."""

    model_config = _SETTINGS

    index: str = Field(pattern=NAME_PATTERN)
    """Name of the index, made by `headworks index add`."""

    top_k: int = Field(default=5, ge=1, le=50)
    """Most passages that a prompt gets."""

    max_tokens: int = Field(default=2000, ge=50, le=200_000)
    """Tokens that passages may take in the prompt."""

    filters: dict[str, str | tuple[str, ...]] = {}
    """Metadata that a document must have: one value, or one of several."""

    timeout_s: float = Field(default=2.0, gt=0, le=60)
    """Seconds after which the call goes on without passages."""

    required: bool = False
    """Refuse a call for which nothing could be searched, instead of answering it without passages."""

    rewrite: str | None = Field(default=None, min_length=1)
    """Model that makes a question of its own from the conversation. Left out: the last message is the question."""

    rerank: str | None = Field(default=None, min_length=1)
    """Model that orders what was found. Left out: the order of the search stands."""


class IndexSettings(BaseModel):
    """How documents are read and cut."""

    model_config = _SETTINGS

    chunk_chars: int = Field(default=1000, ge=100, le=8000)
    """Longest piece, in characters. The embedding model reads about 1,000 characters of English."""

    overlap_chars: int = Field(default=100, ge=0, le=1000)
    """Characters that a piece repeats of the one before it."""

    max_file_bytes: int = Field(default=64 * 1024**2, ge=1024, le=1024**3)
    """A larger file is left out and reported."""

    max_file_chars: int = Field(default=20_000_000, ge=1000, le=100_000_000)
    """A file with more text is left out and reported."""

    read_timeout_s: float = Field(default=120.0, gt=0, le=3600)
    """Seconds after which the reading of one file is given up."""
