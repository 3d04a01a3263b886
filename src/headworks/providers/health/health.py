"""Which lane may be asked now: breakers, rests after a 429, dead keys. Told of every call's end, it answers at once.

Three things keep a lane from being asked, each written on the board and so known to all workers:

* *open*: too many failures. Rests for a second, twice as long after each failed probe up to five; then one call at a
  time is let in as a probe, and two good ones in a row close it.
* *limited*: the provider answered 429. Rests for as long as the provider says, else for a time that grows until a
  success; then all are let in.
* *denied*: the provider turns the account away: the whole key, or only this lane. Rests for five minutes; then one
  call is let in as a probe.

What a call says counts only for the state it was admitted in: calls that began before a breaker opened, and end after
it has closed (they may have waited half a minute for a silent provider), neither open it again nor reset anything.
"""

import math

import structlog

from headworks.core.clock import Clock
from headworks.providers.health.board import Board
from headworks.providers.health.entries import Entry
from headworks.providers.health.lanes import NAME_CHARACTERS, Admission, Lane, Place, Watch, Watches, key_of
from headworks.providers.health.probes import Probes
from headworks.providers.health.rests import Rest, Rests, lengthened
from headworks.providers.health.rules import HealthSettings
from headworks.providers.health.states import LaneState, state_of

_log = structlog.get_logger("headworks.providers")
_LATER_S = 0.1
"""An end of rest that a straggler's 429 puts off by less is not worth a write."""


class Health:
    """Lets calls in and learns from how they end. For one thread, the event loop's.

    Args:
        clock: Monotonic time for all that is measured, wall time for what is written on the board.
        board: What is shared.
        settings: The rules.
    """

    def __init__(self, clock: Clock, board: Board, settings: HealthSettings | None = None) -> None:
        self._rules = settings or HealthSettings()
        self._tick = clock.monotonic
        self._watches = Watches(self._rules.lanes, self._rules.window_s, self._rules.buckets)
        self._young = self._watches.young
        self._rests = Rests(clock, board, self._bar)
        self._probes = Probes(self._rests, self._rules)
        self._look_at_s = -math.inf

    def admit(self, lane: Lane) -> Admission | None:
        """Leave to make one call; None when the lane may not be asked now.

        Whoever is admitted must tell the end by exactly one of the methods below, on every way out.
        """
        now = self._tick()
        if now >= self._look_at_s:
            self._look(now)
        watch = self._young.get(lane)
        if watch is not None and watch.admission is not None:
            return watch.admission
        return self._asked(_bounded(lane))

    def free_in_s(self, lane: Lane) -> float:
        """0 when `admit` would succeed now, else seconds until it is worth asking again."""
        now = self._tick()
        if now >= self._look_at_s:
            self._look(now)
        lane = _bounded(lane)
        return max(self._free_in_s(self._rests.at(key_of(lane))), self._free_in_s(self._rests.at(lane)))

    def succeeded(self, admission: Admission) -> None:
        """The provider answered as it should."""
        watch = self._young.get(admission.lane)
        if watch is None or watch.admission is not admission:
            self._late_success(admission)
            return
        now = self._tick()
        if now >= watch.turns_at:
            watch.turn(now)
        watch.passed += 1
        if watch.uneasy:
            self._ease(admission.lane, watch)

    def failed(self, admission: Admission) -> None:
        """The provider failed: an error of its own, no answer in time, a broken stream."""
        if admission.probe:
            self._probes.failed(admission)
            return
        watch = self._current(admission)
        if watch is None:
            return
        rules, now = self._rules, self._tick()
        watch.miss(now, rules.row)
        passed, missed = watch.results()
        in_a_row = len(watch.row) >= rules.row and now - watch.row[0] <= rules.row_s
        if in_a_row or (passed + missed >= rules.results and missed >= rules.share * (passed + missed)):
            self._rests.write(admission.lane, Entry(state="open", strikes=1, lasts_s=rules.open_s))

    def limited(self, admission: Admission, wait_s: float | None) -> None:
        """The provider answered 429. `wait_s`: how long it says to wait, None when it does not say.

        Zero, negative and absurd waits count as not said; more than `told_most_s` is not believed.
        """
        told = min(wait_s, self._rules.told_most_s) if wait_s is not None and 0 < wait_s < math.inf else None
        if admission.probe:
            self._probes.again(admission, told or self._rules.limited_s)
            return
        lane, rest = admission.lane, self._rests.at(admission.lane)
        if rest is not None and rest.entry.state != "limited":
            return  # its probe will find out
        left = self._rests.left_s(rest)
        if left == 0 and self._current(admission) is not None:
            strikes = self._strikes(rest) + 1
            length = told or lengthened(self._rules.limited_s, self._rules.limited_most_s, strikes)
        elif told is not None and told > left + _LATER_S:
            strikes, length = rest.entry.strikes if rest else 1, told
        else:
            return  # a call from before the rest, with nothing new to say
        since = rest.entry.since_s if rest else 0.0
        self._rests.write(lane, Entry(state="limited", strikes=strikes, lasts_s=length, since_s=since))

    def denied(self, admission: Admission, *, whole_key: bool) -> None:
        """The provider turned the account away: the whole key (401, 402), or this lane only (403)."""
        place = key_of(admission.lane) if whole_key else admission.lane
        if admission.probe:
            if not self._probes.denied(admission, place):
                return
        elif self._current(admission) is None:
            return
        self._deny(place, admission.number)

    def released(self, admission: Admission) -> None:
        """The call ended and says nothing about the provider: the client left, or the mistake was the caller's own."""
        if admission.probe:
            self._probes.again(admission, 0.0)

    def key_replaced(self, provider: str, key: int) -> None:
        """Another key has taken this place in the config: nothing that the provider said of the old one counts."""
        self._look(self._tick())
        for place, rest in list(self._rests):
            if rest.entry.state == "denied" and (place[0], place[2]) == (provider, key):
                self._rests.close(place)

    def forget(self) -> None:
        """Begin anew: every place is open to all calls, in every worker; failures counted here are forgotten."""
        self._look(self._tick())
        for place, _ in list(self._rests):
            self._rests.close(place)
        self._watches.forget()

    def states(self) -> list[LaneState]:
        """Every place that is not plainly closed, whole keys included; looks at the board first."""
        self._look(self._tick())
        return [state_of(place, rest.entry, self._rests.left_s(rest)) for place, rest in self._rests]

    def _look(self, now_s: float) -> None:
        self._look_at_s = now_s + self._rules.look_s
        self._rests.look()

    def _bar(self, place: Place) -> None:
        """A place rests: nobody is let in any more without a look at it."""
        rest = self._rests.at(place)
        for watch in self._watches.at(place):
            watch.admission = None
            if rest is not None and rest.entry.state == "open":
                watch.forget()

    def _current(self, admission: Admission) -> Watch | None:
        """The watch of the lane if it is in the state in which the call was admitted, else None."""
        watch = self._watches.find(admission.lane)
        return watch if watch is not None and watch.admission is admission else None

    def _asked(self, lane: Lane) -> Admission | None:
        """`admit`, where it is not obvious."""
        watch = self._watches.wanted(lane)
        if watch.admission is not None:
            return watch.admission
        key, own = self._rests.at(key_of(lane)), self._rests.at(lane)
        if self._rests.left_s(key) or self._rests.left_s(own):
            return None
        if key is not None:
            return self._probes.claim(lane, key_of(lane), key.entry)
        if own is not None and own.entry.state != "limited":
            return self._probes.claim(lane, lane, own.entry)
        watch.uneasy = watch.uneasy or own is not None
        watch.admission = Admission(lane)
        return watch.admission

    def _late_success(self, admission: Admission) -> None:
        """A success that is a probe's, or of a lane not asked for long, or of a time gone by."""
        if admission.probe:
            self._probes.succeeded(admission)
            return
        watch = self._current(admission)
        if watch is not None:
            self._watches.wanted(admission.lane)
            self.succeeded(admission)

    def _ease(self, lane: Lane, watch: Watch) -> None:
        watch.row.clear()
        watch.uneasy = False
        self._rests.close(lane)

    def _deny(self, place: Place, claim: int) -> None:
        rest = self._rests.at(place)
        dead = rest.entry if rest is not None and rest.entry.state == "denied" else None
        if dead is not None and dead.number != claim:
            return  # a call from before: the rest is not made longer
        since_s = dead.since_s if dead is not None else 0.0
        entry = Entry(state="denied", strikes=1, lasts_s=self._rules.denied_s, since_s=since_s)
        if self._rests.write(place, entry) and dead is None:
            provider, model, key = place
            _log.error("provider_key_dead", provider=provider, key_number=key, model=model)

    def _strikes(self, rest: Rest | None) -> int:
        """How often in a row a lane was limited; long after the last time the count begins anew."""
        if rest is None or self._tick() - rest.ends_at_s > self._rules.limited_most_s:
            return 0
        return rest.entry.strikes

    def _free_in_s(self, rest: Rest | None) -> float:
        left = self._rests.left_s(rest)
        return min(left, self._rules.ask_again_s) if rest is not None and rest.entry.claimed else left


def _bounded(lane: Lane) -> Lane:
    return lane if len(lane.model) <= NAME_CHARACTERS else lane._replace(model=lane.model[:NAME_CHARACTERS])
