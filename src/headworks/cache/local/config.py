"""Settings of the tiers on this machine."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

LEAST_DISK_BYTES = 4 * 1024**2


class LocalSettings(BaseModel):
    """How much room cached answers may take on this machine."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    memory_bytes: int = Field(default=64 * 1024**2, ge=0)
    """Memory for cached answers, per worker. 0 keeps none in memory."""

    disk_bytes: int = Field(default=1024**3, ge=0, le=64 * 1024**3)
    """Disk for cached answers, of all workers together, at least 4 MiB (4194304). 0 keeps none on disk."""

    @field_validator("disk_bytes")
    @classmethod
    def _is_enough(cls, value: int) -> int:
        if 0 < value < LEAST_DISK_BYTES:
            raise ValueError(f"must be 0 or at least {LEAST_DISK_BYTES}: the file's own structure needs room")
        return value
