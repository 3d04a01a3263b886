"""The comment line where a stream goes on with another attempt: SDKs skip it, people and tools can see it."""

import msgspec

from headworks.core.replies import Resumed


def seam_line(seam: Resumed) -> bytes:
    """`: headworks-seam {"attempt":2,"mode":"continue","model":"haiku"}`, blank line included."""
    about = {"attempt": seam.attempt, "mode": seam.mode, "model": seam.model}
    return b": headworks-seam " + msgspec.json.encode(about) + b"\n\n"
