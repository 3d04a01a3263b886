"""What the admin API is told and tells of the cache."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from headworks.cache.where import Where
from headworks.core.errors import BadAskError
from headworks.server.admin.shapes import Asked

Facet = Annotated[str, Field(min_length=1)]
_HOW = {"dry_run", "all"}


class Invalidation(Asked):
    """Which entries are to go: all that is said must hold."""

    org: Facet | None = None
    """Of this organisation."""
    user: Facet | None = None
    """Answered to this end user: in every organisation, unless `org` says which."""
    feature: Facet | None = None
    """Of this feature."""
    model: Facet | None = None
    """Asked of this model, by its name in the config."""
    prompt: Facet | None = None
    """`name@version` of the prompt, or `name` for all its versions."""
    corpus: Facet | None = None
    """Version of the documents that were searched."""
    tag: Facet | None = None
    """With this tag, as `name=value`."""
    older_than_s: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Made at least so many seconds ago."""
    all: bool = False
    """Every entry. Stands alone; without it, something else must be said."""
    dry_run: bool = False
    """Count what would go, and change nothing."""

    def said(self) -> dict[str, Any]:
        """What was said, for the log."""
        return self.model_dump(exclude_defaults=True, exclude=_HOW - {"all"})

    def where(self, now_s: float) -> Where:
        """The same for the tiers.

        Raises:
            BadAskError: Nothing is said, or `all` and more; the tag is none.
        """
        said = self.said()
        if not said:
            raise BadAskError(
                "Say what is to go: org, user, feature, model, prompt, corpus, tag or older_than_s; or `all` for "
                "everything."
            )
        if self.all and len(said) > 1:
            raise BadAskError("`all` means every entry; leave it out, or everything else.", param="all")
        return Where(
            org=self.org,
            user=self.user,
            feature=self.feature,
            model=self.model,
            prompt=self.prompt,
            corpus=self.corpus,
            tag=None if self.tag is None else _tag(self.tag),
            created_before_s=None if self.older_than_s is None else now_s - self.older_than_s,
        )


class InvalidationView(BaseModel):
    """What came of it. An entry that lies in several tiers counts in each."""

    dry_run: bool
    counts: dict[str, int]
    erased: bool
    left: dict[str, int]


class TierView(BaseModel):
    """One tier. Null is what nobody here knows."""

    entries: int | None
    bytes: int | None
    limit_bytes: int | None
    hits: int
    evicted: int | None
    common: bool
    up: bool


class TroublesView(BaseModel):
    """What did not go well."""

    broken: int
    dropped: int
    refused: int


class SemanticView(BaseModel):
    """How answering by meaning goes for one feature. Null is what was not measured yet."""

    feature: str
    calls: int
    hits: int
    shadowed: int
    wrong: int
    rate: float | None
    low: float | None
    high: float | None
    max_error: float
    stopped: str


class CacheView(BaseModel):
    """What the cache does. Counts are of the worker that answers, since it started."""

    since: str | None
    calls: dict[str, int] | None
    hit_share: float | None
    stored: int | None
    saved_usd: float | None
    tiers: dict[str, TierView]
    troubles: dict[str, TroublesView]
    semantic: list[SemanticView]


def _tag(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not name.strip() or not sign:
        raise BadAskError("A tag is written as `name=value`.", param="tag")
    return name.strip(), value.strip()
