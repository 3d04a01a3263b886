"""Ending an experiment by hand, with its last report kept: the records it was made from are deleted some day."""

from headworks.core.errors import StoreError
from headworks.flags.experiments.desk import Desk
from headworks.flags.experiments.records import Experiment
from headworks.flags.experiments.report import Report
from headworks.flags.experiments.watch import Watch


async def stopped(desk: Desk, watch: Watch, name: str, *, who: str, why: str, to_config: bool) -> Experiment:
    """Stop an experiment: all users get what they had. How it was left.

    With `to_config` the config decides again, also where a variant was promoted, and the experiment is taken down.

    Raises:
        BadAskError: There is none; `conflict` (409): it is over already, or was changed meanwhile.
        StoreError: It could not be kept.
    """
    experiment, _ = desk.get(name)
    if experiment.running or not to_config:
        result = await _last(experiment, watch)
        experiment = await desk.stop(name, who=who, why=why, result=result)
    if to_config:
        await desk.clear(name, who=who, why=why or "The config decides again.")
    return experiment


async def promoted(desk: Desk, watch: Watch, name: str, variant: str, *, who: str, why: str) -> Experiment:
    """Give all users one of the variants. How the experiment was left.

    Raises:
        BadAskError: There is no such experiment or variant; `conflict` (409): it was promoted or rolled back before.
        StoreError: It could not be kept.
    """
    experiment, _ = desk.get(name)
    return await desk.promote(name, variant, who=who, why=why, result=await _last(experiment, watch))


async def _last(experiment: Experiment, watch: Watch) -> Report | None:
    if not experiment.running:
        return None
    try:
        return await watch.report(experiment.feature)
    except StoreError:  # whoever stops an experiment does not want to wait for the ledger
        return None
