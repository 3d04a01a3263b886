"""`headworks routing tag`: which query type a text is, and why."""

import sys
from pathlib import Path

from msgspec.structs import asdict

from headworks.cli.output import AsJson, json_text
from headworks.core.errors import BadAskError
from headworks.core.messages import Message, Prompt, Text
from headworks.routing.types import Deciding, built_in, facts_of, tag
from headworks.routing.types.deciding import ABSTAIN_BELOW
from headworks.routing.types.linear import SHIPPED


def tag_text(
    text: str, *, weights: Path | None = None, abstain_below: float = ABSTAIN_BELOW, json: AsJson = False
) -> int:
    """Say which query type a text is, how sure that is, and why.

    Example: headworks routing tag "Prove that the root of 2 is irrational."

    Args:
        text: The user's words; `-` reads them from standard input.
        weights: What `headworks routing train` wrote. Left out: the shipped weights.
        abstain_below: Confidence under which the stronger type is taken.
        json: Print JSON for programs.
    """
    if not 0 <= abstain_below <= 1:
        raise BadAskError("`--abstain-below` is a share from 0 to 1.")
    asked = sys.stdin.read() if text == "-" else text
    classifier = built_in(lambda reason: print(reason, file=sys.stderr), weights or SHIPPED)
    facts = facts_of(Prompt(messages=(Message("user", (Text(asked),)),)))
    found = tag(facts, classifier, Deciding(abstain_below=abstain_below))
    if json:
        print(json_text(asdict(found)))
    else:
        hard = "" if found.difficulty is None else f", difficulty {found.difficulty:.2f}"
        print(f"{found.type} ({found.confidence:.0%}{hard}): {found.why}")
    return 0
