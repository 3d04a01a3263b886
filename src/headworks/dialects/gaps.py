"""What a dialect cannot say: refuse it by name, or leave it out and say so. Never a silent drop."""

from headworks.core.errors import translation_gap
from headworks.core.messages import Target


class Gaps:
    """Collects the gaps of one translation.

    Args:
        dialect: Name for people of the dialect being written.
        target: Its `unsupported` decides between refusing and dropping.
    """

    def __init__(self, dialect: str, target: Target) -> None:
        self._dialect = dialect
        self._drop = target.unsupported == "drop"
        self._names: list[str] = []

    def lacks(self, field: str) -> None:
        """The dialect has nothing for `field`, and leaving it out would change the answer.

        Raises:
            BadAskError: `unsupported_field`, unless the target says drop.
        """
        if not self._drop:
            raise translation_gap(field, self._dialect)
        self._names.append(field)

    def hint(self, field: str) -> None:
        """The dialect has nothing for `field`, which only helps speed or cost (a cache mark): left out, and named."""
        if field not in self._names:
            self._names.append(field)

    @property
    def names(self) -> tuple[str, ...]:
        """What was left out, in order."""
        return tuple(self._names)
