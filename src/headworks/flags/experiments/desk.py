"""Where people start, stop and promote experiments. Fails closed: what cannot be kept on the board is not in force.

One experiment runs on a feature at a time; a second is refused, not layered. Of two that are started at the same moment
on two nodes, the board takes one. What was promoted stays in force for all users, also under later experiments, until
the config is to decide again.
"""

from collections.abc import Callable, Collection

import msgspec
from msgspec import Struct, structs

from headworks.core.clock import Clock
from headworks.core.errors import BadAskError
from headworks.core.people.board import Board, Entry
from headworks.flags.experiments.asked import Plan, planned
from headworks.flags.experiments.records import KIND, Experiment, Release, State, decode, encode


class Checks(Struct, frozen=True, kw_only=True):
    """What the gateway knows, asked when an experiment is started.

    Attributes:
        features: The features of the config.
        complaint: What is wrong with a release of a feature, as a sentence (`prompt x@9 does not exist`); None where
            it can be answered with.
    """

    features: Callable[[], Collection[str]]
    complaint: Callable[[str, Release], str | None]


class Desk:
    """Changes experiments on the board.

    Args:
        board: Where they hang.
        checks: What exists.
        clock: Says when.
    """

    def __init__(self, board: Board, checks: Checks, clock: Clock) -> None:
        self._board = board
        self._checks = checks
        self._clock = clock

    def all(self) -> list[Experiment]:
        """The last experiment of every feature, by the feature's name; what cannot be read is left out."""
        found = [_read(entry) for _, entry in sorted(self._board.all(KIND).items())]
        return [experiment for experiment in found if experiment is not None]

    def get(self, name: str) -> tuple[Experiment, int]:
        """An experiment by its feature or its own name, and the version of its entry.

        Raises:
            BadAskError: `unknown_experiment` (404).
        """
        entry = self._board.get(KIND, name)
        experiment = _read(entry)
        if entry is not None and experiment is not None:
            return experiment, entry.version
        for other in self._board.all(KIND).values():
            experiment = _read(other)
            if experiment is not None and experiment.name == name:
                return experiment, other.version
        raise BadAskError(
            f"There is no experiment on a feature `{name}`, and none of that name.",
            code="unknown_experiment",
            status=404,
            param="name",
        )

    async def history(self, name: str) -> list[Entry]:
        """What was done to an experiment, the newest first.

        Raises:
            BadAskError: There is none.
            StoreError: It cannot be read.
        """
        experiment, _ = self.get(name)
        return await self._board.history(KIND, experiment.feature)

    async def start(self, plan: Plan, *, who: str, why: str = "") -> Experiment:
        """Begin an experiment.

        Raises:
            BadAskError: Its plan cannot be; `conflict` (409) while another runs on the feature.
            StoreError: It could not be kept.
        """
        if plan.feature not in self._checks.features():
            raise BadAskError(
                f"The config has no feature `{plan.feature}`.", code="unknown_feature", status=404, param="feature"
            )
        entry, last, run = await self._before(plan.feature)
        if last is not None and last.running:
            raise _conflict(
                f"{last.name} runs on {plan.feature}, and users are split once only. Stop it first, or let it finish."
            )
        base = last.in_force if last is not None else Release()
        experiment = planned(plan, run=run, now_s=self._clock.now(), base=base)
        await self._refuse_used(experiment)
        for variant in experiment.variants:
            complaint = self._checks.complaint(plan.feature, variant.release)
            if complaint is not None:
                raise BadAskError(f"{variant.name}: {complaint}", param="variants")
        await self._put(experiment, entry, who=who, why=why)
        return experiment

    async def stop(self, name: str, *, who: str, why: str = "", result: object = None) -> Experiment:
        """End an experiment: all users get what was in force before it.

        Raises:
            BadAskError: There is none; `conflict` (409): it does not run any more, or was changed meanwhile.
            StoreError: It could not be kept.
        """
        experiment, version = self.get(name)
        if not experiment.running:
            raise _over(experiment)
        return await self._end(experiment, version, "stopped", who=who, why=why or "It was stopped.", result=result)

    async def promote(self, name: str, variant: str, *, who: str, why: str = "", result: object = None) -> Experiment:
        """Give all users one of the variants, from now on.

        Raises:
            BadAskError: There is no such experiment or variant; `conflict` (409): it was promoted or rolled
                back before, or was changed meanwhile.
            StoreError: It could not be kept.
        """
        experiment, version = self.get(name)
        chosen = experiment.variant(variant)
        if chosen is None:
            names = ", ".join(one.name for one in experiment.variants)
            raise BadAskError(f"{experiment.name} has no variant `{variant}`. It has: {names}.", param="variant")
        if experiment.state in {"stopped", "running"}:
            complaint = self._checks.complaint(experiment.feature, chosen.release)
            if complaint is not None:
                raise BadAskError(f"{variant}: {complaint}", param="variant")
            promoted = structs.replace(experiment, winner=variant, in_force=chosen.release)
            reason = why or f"{variant} was promoted."
            return await self._end(promoted, version, "promoted", who=who, why=reason, result=result)
        raise _over(experiment)

    async def clear(self, name: str, *, who: str, why: str = "") -> None:
        """Let the config decide again, also where a variant was promoted. The history is kept.

        Raises:
            BadAskError: There is none; `conflict` (409) while it runs.
            StoreError: It could not be kept.
        """
        experiment, version = self.get(name)
        if experiment.running:
            raise _conflict(f"{experiment.name} still runs. Stop it first.")
        await self._board.put(KIND, experiment.feature, None, who=who, why=why, expected=version)

    async def roll_back(self, experiment: Experiment, version: int, *, who: str, why: str, result: object) -> None:
        """End a running experiment because it hurts; raises as `stop` does."""
        await self._end(experiment, version, "rolled_back", who=who, why=why, result=result)

    async def _end(
        self, experiment: Experiment, version: int, state: State, *, who: str, why: str, result: object
    ) -> Experiment:
        kept = msgspec.to_builtins(result) if result is not None else experiment.result
        over = structs.replace(experiment, state=state, ended_s=self._clock.now(), ended=why[:1_000], result=kept)
        await self._put(over, version, who=who, why=why)
        return over

    async def move(self, experiment: Experiment, step: int, *, version: int, who: str, why: str) -> Experiment:
        """Go to a step of the ramp, up or down.

        Raises:
            BadAskError: There is no such step; `conflict` (409): it does not run, or was changed meanwhile.
            StoreError: It could not be kept.
        """
        if not experiment.running:
            raise _over(experiment)
        if not 0 <= step < len(experiment.steps):
            raise BadAskError(f"{experiment.name} has {len(experiment.steps)} steps; there is no step {step + 1}.")
        moved = structs.replace(experiment, step=step, since_s=self._clock.now())
        await self._put(moved, version, who=who, why=why)
        return moved

    async def note(self, experiment: Experiment, version: int, *, who: str, why: str) -> None:
        """Keep what was found, or doubted; raises as `stop` does."""
        await self._put(experiment, version, who=who, why=why)

    async def _before(self, feature: str) -> tuple[int, Experiment | None, int]:
        """Of the feature's entry: its version, what stands in it, and the number of the next run."""
        entry = self._board.get(KIND, feature)
        if entry is None:
            changes = await self._board.history(KIND, feature, 2)
            version = changes[0].version if changes else 0
            return version, None, version + 1
        last = _read(entry)
        return entry.version, last, (last.run if last is not None else entry.version) + 1

    async def _refuse_used(self, experiment: Experiment) -> None:
        """A name stands in the traces: two runs of one name would be taken for one."""
        past = await self._board.history(KIND, experiment.feature, 1_000)
        others = [one for one in self.all() if one.feature != experiment.feature]
        used = {one.name for entry in past if (one := _read(entry)) is not None} | {one.name for one in others}
        if experiment.name in used:
            raise _conflict(f"There was an experiment `{experiment.name}` before. Give this one another name.")

    async def _put(self, experiment: Experiment, version: int, *, who: str, why: str) -> None:
        await self._board.put(KIND, experiment.feature, encode(experiment), who=who, why=why[:1_000], expected=version)


def _read(entry: Entry | None) -> Experiment | None:
    if entry is None or entry.value is None:
        return None
    try:
        return decode(entry.value)
    except msgspec.MsgspecError:
        return None


def _over(experiment: Experiment) -> BadAskError:
    words = {"stopped": "was stopped", "rolled_back": "was rolled back", "promoted": "was promoted"}
    return _conflict(f"{experiment.name} {words.get(experiment.state, 'runs')} already: {experiment.ended}")


def _conflict(message: str) -> BadAskError:
    return BadAskError(message, code="conflict", status=409)
