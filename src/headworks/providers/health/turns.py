"""A queue that is fair to groups: they take turns, and within a group the first to come is the first to go.

A group with one waiter is reached within one round, whatever number of waiters others have. All steps cost the same,
however long the queue is.
"""

from collections import OrderedDict
from typing import Generic, TypeVar

Waiter = TypeVar("Waiter")


class Turns(Generic[Waiter]):
    """Waiters by group; a waiter (hashable) may stand in it once."""

    def __init__(self) -> None:
        self.groups: OrderedDict[str, OrderedDict[Waiter, None]] = OrderedDict()
        """Who waits; always the same dictionary, empty when nobody does, so that a hot path need not ask."""
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    def ahead(self, group: str) -> int:
        """How many are served before one of `group` who came now, at most."""
        own = len(self.groups.get(group, ()))
        return min(self._waiting, (own + 1) * len(self.groups))

    def add(self, group: str, waiter: Waiter) -> None:
        """Put a waiter at the end of its group; a group that had none comes last in the round."""
        self.groups.setdefault(group, OrderedDict())[waiter] = None
        self._waiting += 1

    def remove(self, group: str, waiter: Waiter) -> None:
        """Take a waiter out; no matter if it is not there any more."""
        members = self.groups.get(group)
        if members is not None and waiter in members:
            del members[waiter]
            self._waiting -= 1
            if not members:
                del self.groups[group]

    def next(self) -> Waiter:
        """Take out the one whose turn it is.

        Raises:
            KeyError: Nobody waits.
        """
        group, members = self.groups.popitem(last=False)
        waiter, _ = members.popitem(last=False)
        if members:
            self.groups[group] = members
        self._waiting -= 1
        return waiter
