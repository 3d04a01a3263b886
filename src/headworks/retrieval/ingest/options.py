"""What is said of all files of a root."""

from urllib.parse import quote

from msgspec import Struct

UPLOADS = "upload:"
"""The root of documents that came through the admin API."""


class Options(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What belongs to each file of a root.

    Attributes:
        labels: What a caller must have, all of them.
        metadata: For filters.
        link_base: Address that the path below the root is added to; gives each document its link.
        link: Link of a single document.
    """

    labels: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    link_base: str | None = None
    link: str | None = None

    def link_of(self, root: str, path: str) -> str | None:
        """Where people find a file."""
        if self.link_base is None:
            return self.link
        below = path.removeprefix(root.rstrip("/")).lstrip("/") or path.rsplit("/", 1)[-1]
        return self.link_base.rstrip("/") + "/" + quote(below)
