"""`headworks experiments`: try a release on some users, see what it does, and give it to all or to none."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from headworks.cli.access.experiments import ExperimentAccess, RemoteExperiments, StoredExperiments
from headworks.cli.access.place import Here, Place, seconds
from headworks.cli.output import json_text, table
from headworks.core.errors import BadAskError
from headworks.flags.experiments import Plan

_COLUMNS = ("name", "feature", "state", "variants", "metric", "step", "started_at")
_HISTORY = ("at", "who", "why")
_Many = Annotated[tuple[str, ...], Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True)
class Measures:
    """What is measured, and how sure it must be.

    Attributes:
        metric: What the new variants are to be better at: feedback, judge, cost, latency, ttft, errors, refusals,
            cache_hits.
        guard: What must not get worse: METRIC or METRIC:MARGIN, separated by commas; may be given several times.
        min_effect: The smallest difference that matters: 0.05 is 5 points of a rate, 5 % of anything else.
        alpha: How often a difference may be found where there is none.
        users: Users it is planned for; worked out from --min-effect when left out.
    """

    metric: str = "feedback"
    guard: _Many = ()
    min_effect: float | None = None
    alpha: float = 0.05
    users: int | None = None


@Parameter(name="*")
@dataclass(frozen=True)
class Splitting:
    """How users are parted.

    Attributes:
        ramp: Begin with 1 % of the new variants' shares, and go on to 5, 25, 50 and 100 % while no guard looks worse.
        step: The least time between two steps of the ramp, such as 10m.
        name: Of this run; made from the feature's name when left out.
        salt: What users are hashed with; give that of an earlier run to part them in the same way.
    """

    ramp: Annotated[bool, Parameter(negative=())] = False
    step: str = "10m"
    name: str | None = None
    salt: str | None = None


def start(  # noqa: PLR0913  what is tried, how, and where
    feature: str,
    *,
    variants: _Many,
    set_: Annotated[_Many, Parameter(name="--set")] = (),
    measures: Annotated[Measures | None, Parameter(name="*")] = None,
    splitting: Annotated[Splitting | None, Parameter(name="*")] = None,
    why: str = "",
    place: Here | None = None,
) -> int:
    """Start an experiment: some users of a feature get another release.

    Example: headworks experiments start support-bot --variants support-bot@7:90,support-bot@8:10 --guard cost,errors

    Args:
        feature: Whose calls are split.
        variants: NAME:SHARE or PROMPT@VERSION:SHARE, separated by commas; the first is the control.
        set_: What a variant is: VARIANT.KEY=VALUE, such as new.model=haiku; may be given several times.
        measures: What is measured.
        splitting: How users are parted.
        why: In your words; kept with the change.
        place: Where to act.
    """
    measures, splitting, place = measures or Measures(), splitting or Splitting(), place or Place()
    plan = Plan(
        feature=feature,
        variants=_parts(variants),
        set=list(set_),
        metric=measures.metric,
        guards=_parts(measures.guard),
        alpha=measures.alpha,
        min_effect=measures.min_effect,
        users=measures.users,
        ramp=splitting.ramp,
        step_s=float(seconds(splitting.step)),
        name=splitting.name,
        salt=splitting.salt,
    )
    return _show(_experiments(place).start(plan, why), place, "Started")


def list_experiments(*, place: Here | None = None) -> int:
    """List the last experiment of every feature.

    Example: headworks experiments list --url http://127.0.0.1:8080

    Args:
        place: Where to look.
    """
    place = place or Place()
    found = _experiments(place).listed()
    if place.json:
        print(json_text({"data": found}))
    elif found:
        print(table([_row(one) for one in found], _COLUMNS))
    else:
        print("There has been no experiment.")
    return 0


def show(name: str, *, place: Here | None = None) -> int:
    """Show an experiment and what was done to it.

    Example: headworks experiments show support-bot

    Args:
        name: Of the experiment or its feature.
        place: Where to look.
    """
    place = place or Place()
    return _show(_experiments(place).one(name), place, "")


def report(name: str, *, place: Here | None = None) -> int:
    """Report what came of an experiment: what was tried, how many users, what changed, how sure, what to do.

    Example: headworks experiments report support-bot

    Args:
        name: Of the experiment or its feature.
        place: Where to look.
    """
    place = place or Place()
    found = _experiments(place).report(name)
    print(json_text(found) if place.json else _printable(str(found.get("text", ""))))
    return 0


def stop(
    name: str, *, why: str = "", to_config: Annotated[bool, Parameter(negative=())] = False, place: Here | None = None
) -> int:
    """End an experiment: all users get what they had before.

    Example: headworks experiments stop support-bot --why "the release is late"

    Args:
        name: Of the experiment or its feature.
        why: In your words; kept with the change.
        to_config: Let the config decide again, also where a variant was promoted.
        place: Where to act.
    """
    place = place or Place()
    done = "The config decides again" if to_config else "Stopped"
    return _show(_experiments(place).stop(name, why, to_config=to_config), place, done)


def promote(name: str, variant: str | None = None, *, why: str = "", place: Here | None = None) -> int:
    """Give all users a variant.

    Example: headworks experiments promote support-bot support-bot@8

    Args:
        name: Of the experiment or its feature.
        variant: Which; may be left out where there is one beside the control.
        why: In your words; kept with the change.
        place: Where to act.
    """
    place = place or Place()
    access = _experiments(place)
    chosen = variant or _only_new(access.one(name))
    return _show(access.promote(name, chosen, why), place, f"Promoted {chosen}")


def _experiments(place: Place) -> ExperimentAccess:
    admin = place.admin()
    return StoredExperiments(place.read()) if admin is None else RemoteExperiments(admin)


def _parts(texts: Sequence[str]) -> list[str]:
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def _only_new(experiment: Mapping[str, Any]) -> str:
    names = [variant["name"] for variant in experiment["variants"][1:]]
    if len(names) != 1:
        raise BadAskError(f"Say which variant: {', '.join(names)}.", param="variant")
    return str(names[0])


def _show(experiment: dict[str, Any], place: Place, done: str) -> int:
    if place.json:
        print(json_text(experiment))
    else:
        print(_printable("\n".join(_told(experiment, done))))
    return 0


def _told(experiment: Mapping[str, Any], done: str) -> Iterator[str]:
    name, state = experiment["name"], experiment["state"].replace("_", " ")
    yield f"{done}{': ' if done else ''}{name} on {experiment['feature']}: {state}. {experiment['ended']}".strip()
    yield table([_variant(one) for one in experiment["variants"]], ("variant", "share", "now", "release"))
    guards = ", ".join(f"{guard['metric']}:{guard['margin']:g}" for guard in experiment["guards"]) or "none"
    yield f"metric {experiment['metric']}, guards {guards}, planned for {experiment['planned_users']:,} users"
    yield from experiment["warnings"]
    if experiment.get("history"):
        yield ""
        yield table(experiment["history"], _HISTORY)


def _variant(variant: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "variant": variant["name"],
        "share": f"{variant['share']:g}%",
        "now": f"{variant['share_now']:g}%",
        "release": json_text(variant["release"]),
    }


def _row(experiment: Mapping[str, Any]) -> dict[str, Any]:
    variants = " ".join(f"{one['name']}:{one['share']:g}" for one in experiment["variants"])
    steps = experiment["steps"]
    return {**experiment, "variants": variants, "step": f"{steps[experiment['step'] - 1]:g}%"}


def _printable(text: str) -> str:
    """Names may hold anything; a terminal must not obey it."""
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in text)
