"""What the semantic cache knows of each feature: the rule as learned so far, its measure, and counts.

Kept in a file, so that a restart learns nothing anew. Each worker learns by itself: what it has seen is enough for it,
and none can be wrong for another.
"""

import random
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from headworks.cache.decision import Choice, Decision, Evidence, Measured, ShadowMeter

_FORM = 1
_log = structlog.get_logger("headworks.cache")


class Ruling(Struct, frozen=True):
    """What is done about a candidate.

    Attributes:
        choice: By the rule. `exploit` is False while nothing is served.
        withheld: It would have been served, were the feature not stopped: the model's answer is a check.
    """

    choice: Choice
    withheld: bool = False


class Feature(Struct):
    """One feature. Encodes as it is.

    Attributes:
        name: Of the feature.
        max_error: As its config wants it.
        decision: The rule.
        meter: What was measured.
        looked_up: Questions looked up.
        served: Answers served.
        explored: Answers of the model that were compared with a candidate's.
        unlearned: Comparisons not made because too many were under way.
        blinded: Questions that could not be embedded.
        guarded: How often each guard rejected a neighbour.
    """

    name: str
    max_error: float
    decision: Decision
    meter: ShadowMeter
    looked_up: int = 0
    served: int = 0
    explored: int = 0
    unlearned: int = 0
    blinded: int = 0
    guarded: dict[str, int] = {}

    def decide(self, evidence: Evidence | None, shadow: float, rng: random.Random) -> Ruling:
        """One more call: whether its candidate's answer is served."""
        self.looked_up += 1
        decision, meter = self.decision, self.meter
        meter.called()
        decision.called(self.max_error, meter.share)
        choice = decision.decide(evidence, self.max_error, meter.shadow(shadow), rng)
        if choice.exploit:
            meter.hit()
            if not meter.serving:
                return Ruling(Choice(exploit=False, bound=choice.bound), withheld=True)
        return Ruling(choice)

    def checked(self, *, right: bool) -> None:
        """An answer that was served, or would have been, was compared with the model's own."""
        before = self.meter.state
        self.meter.observe(right=right)
        self._tell(before)

    def disliked(self) -> None:
        """A user says that an answer served was wrong."""
        before = self.meter.state
        self.meter.thumbs_down()
        self._tell(before)

    def _tell(self, before: str) -> None:
        after = self.meter.state
        if after != before and "stopped" in (before, after):
            say = _log.error if after == "stopped" else _log.warning
            say(
                "semantic_cache_stopped" if after == "stopped" else "semantic_cache_resumed",
                feature=self.name,
                max_error=self.max_error,
            )

    def error(self) -> tuple[float, float] | None:
        """Ends of the interval of the share of answers that were measured wrong; None before anything was measured."""
        if not self.meter.checked:
            return None
        low, _, high = self.meter.measured().error
        return low, high

    def measured(self) -> Measured:
        """What is known of wrong answers."""
        return self.meter.measured()


class _Kept(Struct):
    form: int
    features: list[Feature]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


class Features:
    """All features.

    Args:
        path: Where they are kept.
        model: The embedding model: what was learned of another's similarities says nothing here.
    """

    def __init__(self, path: Path, model: str) -> None:
        self._path = path.with_name(f"{path.name}-{''.join(c if c.isalnum() else '-' for c in model)}")
        self._features: dict[str, Feature] = {}

    def load(self) -> None:
        """Take up what was learned before; a file that cannot be read counts as none."""
        with suppress(OSError, msgspec.MsgspecError):
            kept = _decode(self._path.read_bytes())
            if kept.form == _FORM:
                self._features = {feature.name: feature for feature in kept.features}

    def save(self) -> None:
        """Write down what was learned."""
        data = _encode(_Kept(_FORM, list(self._features.values())))
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_bytes(data)
            fresh.replace(self._path)
        except OSError as error:
            _log.warning("semantic_state_not_kept", reason=error.strerror or str(error))

    def of(self, name: str, max_error: float, *, strict: bool = True) -> Feature:
        """One feature. A promise that has changed is measured anew; what was learned stays."""
        feature = self._features.get(name)
        if feature is None:
            meter = ShadowMeter(max_error, strict=strict)
            feature = self._features[name] = Feature(name, max_error, Decision(), meter)
        elif feature.max_error != max_error or feature.meter.strict != strict:
            feature.max_error = max_error
            feature.meter = ShadowMeter(max_error, strict=strict)
        return feature

    def all(self) -> list[Feature]:
        """Every feature that had a call."""
        return list(self._features.values())
