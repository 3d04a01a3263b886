"""Which entries are meant: by what they belong to, and by age."""

from msgspec import Struct

from headworks.cache.entries import Facets


class Where(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is said must hold; an empty one means every entry.

    Attributes:
        org: Organisation.
        user: End user.
        feature: Feature.
        model: Model name of the config.
        prompt: `name@version`, or `name` for all its versions.
        corpus: Version of the documents.
        tag: `(name, value)`.
        created_before_s: Unix seconds; entries made at or after it are not meant.
    """

    org: str | None = None
    user: str | None = None
    feature: str | None = None
    model: str | None = None
    prompt: str | None = None
    corpus: str | None = None
    tag: tuple[str, str] | None = None
    created_before_s: float | None = None

    def means(self, facets: Facets, created_s: float) -> bool:
        """Whether an entry is meant."""
        return (
            (self.created_before_s is None or created_s < self.created_before_s)
            and (self.user is None or self.user == facets.user)
            and (self.org is None or self.org == facets.org)
            and (self.feature is None or self.feature == facets.feature)
            and (self.model is None or self.model == facets.model)
            and (self.corpus is None or self.corpus == facets.corpus)
            and (self.prompt is None or self.prompt in (facets.prompt, facets.prompt.partition("@")[0]))
            and (self.tag is None or facets.tags.get(self.tag[0]) == self.tag[1])
        )
