"""Settings of the HTTP server."""

from pydantic import BaseModel, ConfigDict, Field

from headworks.server.streams.config import StreamSettings


class ServerSettings(BaseModel):
    """Where the gateway listens, and what it allows a client."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address to listen on. `0.0.0.0` listens on every IPv4 address of the machine."""

    port: int = Field(default=8080, ge=0, le=65535)
    """TCP port. 0 takes any free one."""

    workers: int = Field(default=1, ge=1, le=256)
    """Processes that serve side by side. More than one are replaced when they die."""

    max_body_bytes: int = Field(default=32 * 1024 * 1024, ge=1024)
    """A longer request body is answered with 413, without a provider call."""

    drain_grace_s: float = Field(default=30.0, ge=0, le=86_400)
    """Seconds that calls under way have to finish after SIGTERM."""

    streams: StreamSettings = StreamSettings()
    """Streams kept for clients that lose their connection."""

    keep_alive_comment_s: float = Field(default=15.0, gt=0, le=3_600)
    """Seconds of silence in a stream after which a comment is sent, so that nothing between closes the connection."""
