"""Settings of the stream log."""

from pydantic import BaseModel, ConfigDict, Field


class StreamSettings(BaseModel):
    """How long, and in how much room, streams are kept for clients that lose their connection."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    keep_s: float = Field(default=600.0, ge=0, le=86_400)
    """Seconds that a stream is kept after its end. 0 keeps none."""

    memory_bytes: int = Field(default=64 * 1024**2, ge=0)
    """Memory for kept streams, per worker. What does not fit is read from the disk."""

    disk_bytes: int = Field(default=1024**3, ge=0)
    """Disk for kept streams, of all workers together. 0 writes none to disk: what memory does not hold is gone."""
