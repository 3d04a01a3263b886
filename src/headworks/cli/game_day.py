"""`headworks drill game-day`: put a named fault into a running gateway of a staging system, and see it ended."""

import signal
import sys
import time
from dataclasses import dataclass
from types import FrameType
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from headworks.cli.access.place import Place, seconds
from headworks.cli.output import AsJson, json_text
from headworks.core.errors import BadAskError

Fault = Literal["down", "rate-limited", "slow-first-byte", "cut-streams", "stalled-streams", "revoked-key", "errors"]

_STEP_S = 0.2


@Parameter(name="*")
@dataclass(frozen=True)
class Reach:
    """What a fault reaches.

    Attributes:
        provider: The provider it happens to, as the gateway's config names it.
        model: Only with this model, as the provider calls it.
        share: The share of calls that it happens to, more than 0 and at most 1.
        duration: How long, such as 30s, 5m or 1h.
    """

    provider: str
    model: str | None = None
    share: float = 1.0
    duration: Annotated[str, Parameter(name="--for")] = "5m"

    def asked(self, fault: str) -> dict[str, Any]:
        """The body for the admin API.

        Raises:
            BadAskError: A share or a duration that is none.
        """
        if not 0 < self.share <= 1:
            raise BadAskError("--share must be more than 0 and at most 1.")
        body = {"fault": fault, "provider": self.provider, "share": self.share, "seconds": seconds(self.duration)}
        return body if self.model is None else body | {"model": self.model}


def game_day(
    fault: Fault,
    *,
    reach: Annotated[Reach, Parameter(name="*")],
    url: str = "http://127.0.0.1:8080",
    json: AsJson = False,
) -> int:
    """Put a fault into a running gateway for a while, and see it ended.

    For staging systems, whose config says `game_day: true`: the gateway then treats its own calls to the provider as if
    they failed so. It ends the fault by itself when the time is over, whatever becomes of this command; Ctrl-C ends all
    faults at once. The admin key is taken from HEADWORKS_ADMIN_KEY.

    Example: headworks drill game-day cut-streams --provider openai --for 5m --share 0.5

    Args:
        fault: What goes wrong.
        reach: What it happens to.
        url: The gateway's address.
        json: Print JSON for programs: one line when it begins, one when it is over.
    """
    asked = reach.asked(fault)
    admin = Place(url=url).admin()
    assert admin is not None
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        begun = admin.post("faults", body=asked)
        if json:
            print(json_text({"begun": begun}), flush=True)
        _show(f"{fault} at {reach.provider}", asked["seconds"], quiet=json)
    except KeyboardInterrupt:  # even before the answer came: the gateway may have begun
        admin.delete("faults")
        raise
    print(json_text({"ended": True}) if json else f"{fault} at {reach.provider} is over.")
    return 0


def _show(what: str, lasts_s: int, *, quiet: bool) -> None:
    """Show how the time passes, until it has."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr, quiet=quiet, highlight=False)) as progress:
        bar = progress.add_task(what, total=lasts_s)
        ends_at = time.monotonic() + lasts_s
        while (left_s := ends_at - time.monotonic()) > 0:
            progress.update(bar, completed=lasts_s - left_s)
            time.sleep(min(_STEP_S, left_s))
        progress.update(bar, completed=lasts_s)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Ending this process ends the fault, too."""
    raise KeyboardInterrupt
