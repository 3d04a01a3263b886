"""What to do about prompts that are too long for a model: leave out the middle of the conversation, or sum it up.

In: an ask, and what is known of its length. Out: an ask that should fit, or None where nothing may be left out: then
the provider's error stands. Makes no provider call; the summary is asked for by whoever calls providers.
"""

from headworks.providers.context.fitting import Fitted, fitted, known_too_long, said_too_long, suspect
from headworks.providers.context.summary import SUMMARY_TOKENS, summary_ask, summary_text, with_summary
from headworks.providers.context.trimming import Trim, trimmed

__all__ = [
    "SUMMARY_TOKENS",
    "Fitted",
    "Trim",
    "fitted",
    "known_too_long",
    "said_too_long",
    "summary_ask",
    "summary_text",
    "suspect",
    "trimmed",
    "with_summary",
]
