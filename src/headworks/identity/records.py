"""What is known of a virtual key: what it was asked to be, what is stored, and what happened to it."""

from typing import Literal

from msgspec import Struct

from headworks.core.errors import BadAskError
from headworks.core.limits import Limit
from headworks.core.messages import Caller

NAME_CHARACTERS = 200
ALLOWED_NAMES = 1_000

KeyStatus = Literal["active", "replaced", "expired", "revoked"]
Action = Literal["create", "revoke", "rotate", "create_admin"]


class KeySpec(Struct, frozen=True, kw_only=True):
    """A virtual key as it is asked for.

    Attributes:
        name: For people; need not be unique.
        org: The organisation its calls are counted for.
        user: The user its calls are counted for unless a request names one.
        team: The team its calls are counted for; None for none.
        models: Model names it may ask for; empty for all.
        features: Features it may ask for; empty for all.
        expires_at: Unix seconds from which it is refused; None for never.
        limits: What may be spent with it, and how fast.
        counted_as: Id of the key that it goes on from: a new key is no new budget. None for its own.
    """

    name: str
    org: str = "default"
    user: str | None = None
    team: str | None = None
    models: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    expires_at: float | None = None
    limits: tuple[Limit, ...] = ()
    counted_as: str | None = None

    def check(self) -> None:
        """Refuse what could not be stored or shown.

        Raises:
            BadAskError: A name is empty, over 200 characters or not printable, or a list is too long (422).
        """
        _check_name("name", self.name)
        _check_name("org", self.org)
        for field, given in (("user", self.user), ("team", self.team)):
            if given is not None:
                _check_name(field, given)
        for field, names in (("models", self.models), ("features", self.features)):
            if len(names) > ALLOWED_NAMES:
                raise _bad(field, f"has {len(names)} entries; at most {ALLOWED_NAMES} are allowed")
            for name in names:
                _check_name(field, name)


class KeyRecord(Struct, frozen=True, kw_only=True):
    """A stored virtual key, without anything that could open a door. Times are Unix seconds."""

    id: str
    spec: KeySpec
    created_at: float
    revoked_at: float | None = None
    replaced_by: str | None = None
    overlap_until: float | None = None
    """When a rotated key stops working; None unless it was rotated."""

    def status(self, now_s: float) -> KeyStatus:
        """What the key is at `now_s`. `replaced` still works until its overlap ends, then it is `expired`."""
        if self.revoked_at is not None:
            return "revoked"
        ends = [end for end in (self.spec.expires_at, self.overlap_until) if end is not None]
        if ends and now_s >= min(ends):
            return "expired"
        return "active" if self.replaced_by is None else "replaced"

    def caller(self) -> Caller:
        """Who calls with this key."""
        return Caller(
            key_id=self.id,
            key_name=self.spec.name,
            org_id=self.spec.org,
            user_id=self.spec.user,
            team_id=self.spec.team,
            models=frozenset(self.spec.models),
            features=frozenset(self.spec.features),
            limits=self.spec.limits,
            counted_as=self.spec.counted_as,
        )


class CreatedKey(Struct, frozen=True):
    """A key just made. `key` exists only here: it is shown once and cannot be recovered."""

    id: str
    key: str


class AuditEntry(Struct, frozen=True, kw_only=True):
    """Who did what to which key, and when (Unix seconds)."""

    at: float
    actor: str
    action: Action
    key_id: str
    detail: str = ""


def _check_name(field: str, name: str) -> None:
    if not name or len(name) > NAME_CHARACTERS:
        raise _bad(field, f"has {len(name)} characters; 1 to {NAME_CHARACTERS} are allowed")
    if not name.isprintable():
        raise _bad(field, "holds a control character or another one that cannot be printed")


def _bad(field: str, fault: str) -> BadAskError:
    return BadAskError(f"`{field}` {fault}.", status=422, param=field)
