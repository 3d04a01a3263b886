"""The rules that this node has heard of late: what must not be served from the server or written to it any more.

A rule means an entry that was created before the rule was heard, by this node's own clock: clocks of other nodes do not
come into it. Looking up costs a few dictionary accesses, however many rules there are.
"""

from collections import deque

from headworks.cache.shared.header import DIGEST_BYTES, Wanted, each

MOST_RULES = 10_000


class Rulebook:
    """Rules by one of their digests.

    Args:
        kept_s: Seconds for which a rule is kept.
    """

    def __init__(self, kept_s: float) -> None:
        self._kept_s = kept_s
        self._by_digest: dict[bytes, dict[Wanted, float]] = {}
        self._order: deque[tuple[float, bytes, Wanted]] = deque()
        self._floor_s = float("-inf")

    def __len__(self) -> int:
        """Rules in it."""
        return len(self._order)

    def add(self, rule: Wanted, now_s: float) -> None:
        """`rule` was heard at `now_s`."""
        rarest = rule.digests[-DIGEST_BYTES:]
        self._by_digest.setdefault(rarest, {})[rule] = now_s
        self._order.append((now_s, rarest, rule))
        while self._order and (len(self._order) > MOST_RULES or self._order[0][0] < now_s - self._kept_s):
            self._drop()

    def forgot(self, now_s: float) -> None:
        """Rules may have been missed until now: nothing that was created before is written any more."""
        self._floor_s = now_s

    def too_old(self, created_s: float, now_s: float) -> bool:
        """Whether an entry is older than what the rules still tell about."""
        return created_s < max(self._floor_s, now_s - self._kept_s)

    def means(self, digests: frozenset[bytes], created_s: float) -> bool:
        """Whether some rule means an entry with these digests."""
        if not self._order:
            return False
        return any(
            created_s < (heard_s if rule.before_s is None else rule.before_s) and each(rule.digests) <= digests
            for digest in (b"", *digests)
            for rule, heard_s in self._by_digest.get(digest, {}).items()
        )

    def _drop(self) -> None:
        heard_s, rarest, rule = self._order.popleft()
        # Nothing that this rule could still mean is written.
        self._floor_s = max(self._floor_s, heard_s)
        rules = self._by_digest.get(rarest, {})
        if rules.get(rule) == heard_s:  # else it was heard again since
            del rules[rule]
            if not rules:
                del self._by_digest[rarest]
