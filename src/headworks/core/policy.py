"""How a feature wants its calls kept alive: how long to wait, how often to try, what to do when an answer breaks off.

Plain values, made from the config (`routing/config.py`) and carried by the `Route`; the providers room acts on them.
"""

from typing import Literal

from msgspec import Struct

Resume = Literal["auto", "restart", "off"]
ContextStep = Literal["longer", "trim", "summarise"]
Disconnect = Literal["cancel", "finish"]


class Patience(Struct, frozen=True, kw_only=True):
    """How long to wait for a provider. Seconds.

    Attributes:
        connect_s: Until the connection stands.
        first_byte_s: Until a stream begins. A reply that is not streamed is written before it is sent: it may take as
            long again as its tokens need at the slowest pace (`providers/pursuit/limits`).
        idle_s: Between two events of a stream.
        total_s: For one attempt as a whole.
        deadline_s: For the call as a whole, all attempts together, when the client names no deadline.
    """

    connect_s: float = 3.0
    first_byte_s: float = 25.0
    idle_s: float = 20.0
    total_s: float = 300.0
    deadline_s: float = 600.0


PATTERNS: dict[str, Patience] = {
    "interactive": Patience(),
    "background": Patience(connect_s=5.0, first_byte_s=60.0, idle_s=60.0, total_s=600.0, deadline_s=1800.0),
    "reasoning": Patience(connect_s=5.0, first_byte_s=120.0, idle_s=120.0, total_s=900.0, deadline_s=1800.0),
    "batch": Patience(connect_s=10.0, first_byte_s=300.0, idle_s=300.0, total_s=3600.0, deadline_s=7200.0),
}
"""Latency patterns by name: what somebody waits for, what nobody waits for, what thinks long, what runs at night."""


class Policy(Struct, frozen=True, kw_only=True):
    """What a feature wants done when a call does not go well.

    Attributes:
        patience: The time-outs; None takes the pattern that fits the ask (`reasoning` where it asks for reasoning, else
            `interactive`).
        retries: How often one model is asked again after a failure that may pass.
        calls: Most provider calls for one ask, all models together.
        usd_nano: Money that attempts which failed may have cost before no other is made; None for no such limit.
        resume: What becomes of a stream that breaks off: `auto` goes on from where it broke by the best means the next
            model has, `restart` only by asking again and leaving out what was delivered, `off` ends it with an error.
        continuation: The user turn that asks a model to go on, where it can do so no other way.
        context: What is tried, in order, when the prompt is too long for the model.
        filtered_elsewhere: Whether another model is asked when a provider's content filter refuses.
        hedge: Whether a second model is started when the first takes longer to begin than it usually does.
        disconnect: Whether a client that leaves ends the answer (`cancel`), or it is finished and kept (`finish`).
        unhurried: Whether nobody waits for the answer: then a call waits for rate limits, and lets others go before it.
    """

    patience: Patience | None = None
    retries: int = 3
    calls: int = 8
    usd_nano: int | None = None
    resume: Resume = "auto"
    continuation: str = "Continue your answer exactly from where it ended. Repeat nothing and add no comment."
    context: tuple[ContextStep, ...] = ("longer",)
    filtered_elsewhere: bool = False
    hedge: bool = False
    disconnect: Disconnect = "cancel"
    unhurried: bool = False


USUAL = Policy()
