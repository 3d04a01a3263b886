"""Virtual keys through the admin API, and what any place with keys can do."""

from collections.abc import Mapping
from typing import Any, Protocol

from headworks.cli.access.admin import AdminApi


class KeyAccess(Protocol):
    """Keys as the admin API shows them, wherever they are."""

    def create(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Make a key from the body of `POST /admin/v1/keys`; `{id, key}`."""

    def list(self) -> list[dict[str, Any]]:
        """Every key, without its secret."""

    def revoke(self, key_id: str) -> dict[str, Any]:
        """Stop a key for good."""

    def rotate(self, key_id: str, overlap_s: float) -> dict[str, Any]:
        """Make a successor; `{id, key}`."""


class RemoteKeys:
    """The keys of a running gateway."""

    def __init__(self, admin: AdminApi) -> None:
        self._admin = admin

    def create(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Make a key."""
        return self._admin.post("keys", body=wish)

    def list(self) -> list[dict[str, Any]]:
        """Every key."""
        return [key for page in self._admin.pages("keys") for key in page]

    def revoke(self, key_id: str) -> dict[str, Any]:
        """Stop a key for good."""
        return self._admin.post("keys", key_id, "revoke", body={})

    def rotate(self, key_id: str, overlap_s: float) -> dict[str, Any]:
        """Make a successor."""
        return self._admin.post("keys", key_id, "rotate", body={"overlap_s": overlap_s})
