"""Looks at the experiments that run, every few seconds, and does what has to be done: roll back, go on, warn.

Several may look at the same time: what they decide is put on the board for the version they saw, so one of them does
it and the others see it done. Reading goes on where it stopped; after a restart everything is read again. Fails open:
while records cannot be read, experiments go on as they are, and the next look tries again.
"""

import asyncio
from collections.abc import Callable
from threading import Lock

from msgspec import structs

from headworks.core.clock import Clock
from headworks.core.errors import HeadworksError
from headworks.flags.experiments.decisions import Decision, Standing, decide
from headworks.flags.experiments.desk import Desk
from headworks.flags.experiments.measure.calls import Opinions, Records
from headworks.flags.experiments.measure.findings import findings, guards, mismatch
from headworks.flags.experiments.measure.tally import Tally
from headworks.flags.experiments.records import Experiment, Found
from headworks.flags.experiments.report import Report, report_of

WHO = "experiments"
Tell = Callable[[str, Experiment, str], None]
"""`tell(kind, experiment, sentence)`: something was decided: `roll_back`, `warn`, `found`, `ramp`. Must not raise."""


class Watch:
    """Decides on running experiments.

    Args:
        desk: Where they are changed.
        records: Reads calls and thumbs.
        clock: Says when.
        tell: Is told of every decision that this one put on the board.
        opinions: Reads scores of judges that are not among the records.
    """

    def __init__(
        self, desk: Desk, records: Records, clock: Clock, tell: Tell, *, opinions: Opinions | None = None
    ) -> None:
        self._desk = desk
        self._records = records
        self._opinions = opinions
        self._clock = clock
        self._tell = tell
        self._tallies: dict[str, tuple[tuple[str, int, float], Tally]] = {}
        self._reading = Lock()  # of threads: one that nobody waits for any more goes on to its end

    async def look(self) -> list[Decision]:
        """Read what is new of every running experiment, and act on it. What was done, in order.

        Raises:
            StoreError: The records cannot be read, or a decision could not be kept. The next look tries again.
        """
        running = [experiment for experiment in self._desk.all() if experiment.running]
        done: list[Decision] = []
        troubles: list[HeadworksError] = []
        for experiment in running:
            try:
                decision = await self._look_at(experiment.feature)
            except HeadworksError as error:  # another experiment may be hurting users just now
                troubles.append(error)
                continue
            if decision is not None:
                done.append(decision)
        if troubles:
            raise troubles[0]
        return done

    async def report(self, name: str) -> Report:
        """How an experiment stands; of one that is over, how it stood at its end.

        Raises:
            BadAskError: There is none.
            StoreError: The records cannot be read.
        """
        experiment, _ = self._desk.get(name)
        if not experiment.running:
            return report_of(experiment, None, self._clock.now())
        return report_of(experiment, await self.standing(experiment), self._clock.now())

    async def standing(self, experiment: Experiment) -> Standing:
        """What is known of a running experiment, up to now.

        Raises:
            StoreError: The records cannot be read.
        """
        running = {one.feature for one in self._desk.all() if one.running}
        return await asyncio.to_thread(self._stand, experiment, running)

    def _stand(self, experiment: Experiment, running: set[str]) -> Standing:
        with self._reading:
            self._tallies = {feature: one for feature, one in self._tallies.items() if feature in running}
            tally = self._tally(experiment)
            self._read(experiment, tally)
            return self._standing_of(experiment, tally)

    def _standing_of(self, experiment: Experiment, tally: Tally) -> Standing:
        now_s = self._clock.now()
        return Standing(
            findings=findings(experiment, tally),
            guards=guards(experiment, tally),
            recent=[tally.recent(index, now_s) for index in range(len(experiment.variants))],
            users=list(tally.users),
            mismatch=mismatch(experiment, tally),
            calls=tally.calls,
            strays=tally.strays,
            early=tally.early,
        )

    async def _look_at(self, feature: str) -> Decision | None:
        experiment, version = self._desk.get(feature)
        if not experiment.running:
            return None
        standing = await self.standing(experiment)
        decision = decide(experiment, standing, self._clock.now())
        if decision is None:
            return None
        try:
            await self._act(experiment, version, decision, standing)
        except HeadworksError as error:
            if error.code == "conflict":  # somebody else changed it first: the next look sees how
                return None
            raise
        self._tell(decision.kind, experiment, decision.why)
        return decision

    async def _act(self, experiment: Experiment, version: int, decision: Decision, standing: Standing) -> None:
        why, now_s = decision.why, self._clock.now()
        if decision.kind == "roll_back":
            result = report_of(experiment, standing, now_s)
            await self._desk.roll_back(experiment, version, who=WHO, why=why, result=result)
        elif decision.kind == "ramp":
            await self._desk.move(experiment, experiment.step + 1, version=version, who=WHO, why=why)
        elif decision.kind == "warn":
            warned = structs.replace(experiment, warnings=(*experiment.warnings, why))
            await self._desk.note(warned, version, who=WHO, why=why)
        else:
            found = Found(variant=decision.variant, verdict=decision.verdict, at_s=now_s)
            noted = structs.replace(experiment, found=(*experiment.found, found))
            await self._desk.note(noted, version, who=WHO, why=why)

    def _tally(self, experiment: Experiment) -> Tally:
        step = (experiment.name, experiment.step, experiment.since_s)
        known = self._tallies.get(experiment.feature)
        if known is not None and known[0] == step:
            return known[1]
        tally = Tally(experiment)
        self._tallies[experiment.feature] = (step, tally)
        return tally

    def _read(self, experiment: Experiment, tally: Tally) -> None:
        feature, name, since_s = experiment.feature, experiment.name, experiment.since_s
        more = True
        while more:
            batch = self._records(feature, name, since_s, tally.place)
            tally.add(batch)
            more = batch.more
        for opinion in self._opinions(feature, name, since_s) if self._opinions is not None else ():
            tally.opinion(opinion)
