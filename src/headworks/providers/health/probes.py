"""The one call at a time that tries whether a place has recovered: its claim, and what its end means.

A claim is a change of the place's entry, so the board sees to it that there is one at most. It is known by the entry's
number; a probe whose claim has expired and gone to another has nothing to say any more.
"""

from msgspec.structs import replace

from headworks.providers.health.entries import Entry
from headworks.providers.health.lanes import Admission, Lane, Place, key_of
from headworks.providers.health.rests import Rests, lengthened
from headworks.providers.health.rules import HealthSettings


class Probes:
    """Claims and settles probes.

    Args:
        rests: The places that rest.
        rules: How long claims and rests last.
    """

    def __init__(self, rests: Rests, rules: HealthSettings) -> None:
        self._rests = rests
        self._rules = rules

    def claim(self, lane: Lane, place: Place, entry: Entry) -> Admission | None:
        """Leave to probe `place` through `lane`; None when another call was faster. Only when its timer has run out."""
        claim = self._rests.write(place, replace(entry, claimed=True, lasts_s=self._rules.claim_s))
        return Admission(lane, probe=True, number=claim.entry.number) if claim else None

    def claimed(self, admission: Admission) -> tuple[Place, Entry] | None:
        """What a probe has claimed; None when the claim has gone to another since."""
        for place in (key_of(admission.lane), admission.lane):
            rest = self._rests.at(place)
            if rest is not None and rest.entry.claimed and rest.entry.number == admission.number:
                return place, rest.entry
        return None

    def succeeded(self, admission: Admission) -> None:
        """One good probe revives a key; a breaker closes after several in a row."""
        claimed = self.claimed(admission)
        if claimed is None:
            return
        place, entry = claimed
        if entry.state == "denied" or entry.proved + 1 >= self._rules.probes:
            self._rests.close(place)
        else:
            self._rests.write(place, replace(entry, claimed=False, lasts_s=0.0, proved=entry.proved + 1))

    def failed(self, admission: Admission) -> None:
        """The place rests again, longer."""
        claimed = self.claimed(admission)
        if claimed is None:
            return
        place, entry = claimed
        strikes = entry.strikes + 1
        length = lengthened(self._rules.open_s, self._rules.open_most_s, strikes)
        self._rests.write(place, replace(entry, claimed=False, lasts_s=length, strikes=strikes, proved=0))

    def again(self, admission: Admission, in_s: float) -> None:
        """Give a claim back without a verdict; the next probe may begin in `in_s`."""
        claimed = self.claimed(admission)
        if claimed is not None:
            place, entry = claimed
            self._rests.write(place, replace(entry, claimed=False, lasts_s=in_s))

    def denied(self, admission: Admission, place: Place) -> bool:
        """The probe found `place` denied. If it is not what was probed, that is settled here.

        A key that only lacks a permission for one model is alive; a breaker has learned nothing.

        Returns:
            False when the probe has nothing to say any more.
        """
        claimed = self.claimed(admission)
        if claimed is None:
            return False
        if claimed[0] != place:
            if claimed[0] == admission.lane:
                self.again(admission, 0.0)
            else:
                self._rests.close(claimed[0])
        return True
