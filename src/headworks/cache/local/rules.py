"""What was purged lately, so that no copy of it stays elsewhere or comes back: numbered rules, for what came before.

A copy in another worker's memory, in a queue of writes, or in an answer that is still being written knows the number of
the last rule that it was held against; those after it decide. Numbers, not times: a clock that jumps brings nothing
back. Rules hold digests in place of names, for they lie on disk for a while and a user who is to be forgotten must not
stand there.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Callable

import msgspec
from msgspec import Struct

from headworks.cache.entries import Facets
from headworks.cache.local.held import Held
from headworks.cache.where import Where

MOST_RULES = 1024
KEPT_S = 3_600.0
"""No answer takes so long to write. What is older is held against nothing but its age, and refused."""
_PLAIN = ("org", "user", "feature", "model", "prompt", "corpus")


class Meaning(Struct, frozen=True, omit_defaults=True):
    """What a rule means; all that is said must hold.

    Attributes:
        key: Key of the one entry that is meant; None for those that the others say.
        needs: Kinds of facets, and digests that they must have.
        before_s: Unix seconds; entries made at or after it are not meant.
    """

    key: bytes | None = None
    needs: tuple[tuple[str, bytes], ...] = ()
    before_s: float | None = None

    def test(self) -> Callable[[Held], bool]:
        """Tells whether an entry is meant. For many entries: it digests each text once."""
        if self.key is not None:
            return lambda entry: entry.key == self.key
        needs = [_Need(kind, wanted) for kind, wanted in self.needs]

        def means(entry: Held) -> bool:
            if self.before_s is not None and entry.created_s >= self.before_s:
                return False
            return all(need.met(entry.facets) for need in needs)

        return means

    def means(self, entry: Held) -> bool:
        """Whether one entry is meant."""
        return self.test()(entry)


class _Need:
    """One kind of facet, and the digest that it must have."""

    __slots__ = ("_kind", "_known", "_wanted")

    def __init__(self, kind: str, wanted: bytes) -> None:
        self._kind = kind
        self._wanted = wanted
        self._known: dict[str, bool] = {}

    def met(self, facets: Facets) -> bool:
        if self._kind == "tag":
            return any(self._is("\0".join(pair)) for pair in facets.tags.items())
        text: str = getattr(facets, self._kind)
        return self._is(text) or (self._kind == "prompt" and self._is(text.partition("@")[0]))

    def _is(self, text: str) -> bool:
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = _digest(text) == self._wanted
        return known


class Rule(Struct, frozen=True):
    """One purge.

    Attributes:
        number: Above those of all rules before it.
        at_s: When it was made, Unix seconds.
        meaning: What it means. None stands for rules that are not known any more: it means everything.
    """

    number: int
    at_s: float
    meaning: Meaning | None

    def test(self) -> Callable[[Held], bool]:
        """As `Meaning.test`, for entries that were there before the rule."""
        return _everything if self.meaning is None else self.meaning.test()

    def means(self, entry: Held) -> bool:
        """Whether an entry that was there before the rule must go."""
        return self.meaning is None or self.meaning.means(entry)


class Rules:
    """The last rules, in order.

    Attributes:
        number: Number up to which rules are known.
    """

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self._rules: list[Rule] = []
        self._lost: Rule | None = None

    def add(self, rule: Rule) -> None:
        """One more, above all others. Of too many the oldest are not told apart any more."""
        self._rules.append(rule)
        self.number = rule.number
        if len(self._rules) > MOST_RULES:
            oldest = self._rules.pop(0)
            before = self._lost.at_s if self._lost else oldest.at_s
            self._lost = Rule(oldest.number, max(before, oldest.at_s), None)

    def refuse(self, entry: Held, seen: int | None) -> bool:
        """Whether an entry must not be kept any more.

        Args:
            entry: The entry.
            seen: Number up to which rules were known when its question was asked; None to go by its time.
        """
        if not self._rules:
            return False
        if seen is None:
            rules = [rule for rule in self._rules if entry.created_s < rule.at_s]
            lost = self._lost is not None and entry.created_s < self._lost.at_s
        else:
            rules = self._rules[bisect_right(self._rules, seen, key=lambda rule: rule.number) :]
            lost = self._lost is not None and seen < self._lost.number
        return lost or any(rule.means(entry) for rule in rules)


def meaning_of(where: Where) -> Meaning:
    """The rule's form of a `Where`."""
    needs = [(kind, _digest(text)) for kind in _PLAIN if (text := getattr(where, kind)) is not None]
    if where.tag is not None:
        needs.append(("tag", _digest("\0".join(where.tag))))
    return Meaning(None, tuple(needs), where.created_before_s)


def to_json(meaning: Meaning | None) -> bytes:
    """As it lies on disk."""
    return msgspec.json.encode(meaning)


def from_json(data: bytes) -> Meaning | None:
    """Back from the disk. One that cannot be read means everything."""
    try:
        return msgspec.json.decode(data, type=Meaning)
    except msgspec.MsgspecError:
        return None


def _everything(_: Held) -> bool:
    return True


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
