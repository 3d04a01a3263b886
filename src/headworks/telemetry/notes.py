"""What rooms note of a call beside its attempts: how it was changed, what was tried on it, and what answered instead."""

from headworks.telemetry.record import TraceRecord


class Notes:
    """Part of `Trace`: these notes go straight on the record."""

    record: TraceRecord

    def adapted(self, note: str) -> None:
        """The ask was changed so that it could be answered: `note` says what, for the record and a header."""
        self.record.adapted = [*self.record.adapted, note]

    def flagged(self, name: str, variant: str) -> None:
        """A flag was evaluated for the call: which, and the variant it got."""
        self.record.flags = {**self.record.flags, name: variant}

    def tried(self, label: str) -> None:
        """The call belongs to this variant of an experiment."""
        self.record.experiment = label

    def degraded(self, level: str, why: str) -> None:
        """A rung of the ladder answers: which, and the code of the error that led there."""
        self.record.degraded = f"{level}: {why}"
