"""Which bodies are plain: what is in them is known at any depth, and the neutral prompt says all there is.

A body with anything else in it may mean something that is only in the client's own words.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct


class Plainness(Struct, frozen=True):
    """What a plain body of one dialect may hold.

    Attributes:
        fields: The names of its top-level fields.
        checks: For fields of which not every value is plain: a decoder that refuses the others.
    """

    fields: frozenset[str]
    checks: Mapping[str, msgspec.json.Decoder[Any]]

    def holds(self, fields: Mapping[str, Raw]) -> bool:
        """Whether a checked body is plain."""
        if not fields.keys() <= self.fields:
            return False
        try:
            for name, check in self.checks.items():
                if (raw := fields.get(name)) is not None:
                    check.decode(raw)
        except msgspec.ValidationError:
            return False
        return True
