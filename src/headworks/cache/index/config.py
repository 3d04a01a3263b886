"""Settings of the index: how much room vectors of questions may take."""

from pydantic import BaseModel, ConfigDict, Field

QUESTIONS_FILE = "semantic.sqlite"
LEAST_DISK_BYTES = 4 * 1024**2


class IndexSettings(BaseModel):
    """Room for vectors of questions. One takes about 2.5 kB of memory and 1.5 kB of disk."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    memory_bytes: int = Field(default=256 * 1024**2, ge=1024**2)
    """Memory for vectors, per worker."""

    disk_bytes: int = Field(default=512 * 1024**2, ge=LEAST_DISK_BYTES, le=64 * 1024**3)
    """Disk for vectors, of all workers together."""
