"""How much to think, in the words of the model family asked.

Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking and .../effort (read 2026-11-23). Models
up to 4.5 think only against a token budget; later ones decide themselves, guided by an effort, and newer ones of them
refuse a budget.
"""

import re
from typing import Any

from headworks.core.messages import Reasoning
from headworks.dialects.gaps import Gaps

_BUDGETED = re.compile(r"claude-(?:\d|(?:opus|sonnet|haiku)-4(?:[-.][0-5])?(?:$|[-@]\d{8}))")
_MIN_BUDGET = 1024
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 32768}
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}


def write_thinking(
    reasoning: Reasoning | None, model: str, max_tokens: int, gaps: Gaps
) -> tuple[dict[str, Any] | None, str | None]:
    """The `thinking` object and the `output_config.effort` for a request; None for what is to be left out."""
    if reasoning is None:
        return None, None
    if not reasoning.enabled or reasoning.effort == "none":
        return {"type": "disabled"}, None
    if reasoning.budget_tokens:
        return {"type": "enabled", "budget_tokens": reasoning.budget_tokens}, None
    effort = reasoning.effort
    if effort is not None and effort not in _EFFORTS:
        gaps.lacks("reasoning_effort")
        return None, None
    if _BUDGETED.search(model):
        return _budget(_BUDGETS[effort or "medium"], max_tokens, gaps), None
    return {"type": "adaptive"}, _EFFORTS[effort] if effort else None


def _budget(wanted: int, max_tokens: int, gaps: Gaps) -> dict[str, Any] | None:
    """A budget is part of `max_tokens`: at most half of it, so that an answer is left; none where that is too small."""
    budget = min(wanted, max_tokens // 2)
    if budget < _MIN_BUDGET:
        gaps.hint("reasoning_effort")
        return None
    return {"type": "enabled", "budget_tokens": budget}
