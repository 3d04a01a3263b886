"""Types that are plain to see: what the prompt brings, how long it is, and code that is marked as code. Pure."""

import re

from msgspec import Struct

from headworks.routing.types.tag import CODE, LONG, MULTIMODAL, REASONING, SIMPLE, PromptFacts, Tag

LONG_TOKENS = 3_000
_SHORT_TOKENS = 400
_SURE, _QUITE_SURE = 1.0, 0.95
_LANGUAGES = (
    "bash|c|cc|cpp|c#|c\\+\\+|cs|csharp|css|dart|diff|dockerfile|elixir|elm|erlang|fortran|go|golang|groovy|haskell|hcl|html|"
    "java|javascript|js|jsx|julia|kotlin|lua|makefile|matlab|nim|objc|ocaml|perl|php|powershell|py|python|python3|r|rb|"
    "ruby|rs|rust|scala|sh|shell|solidity|sql|svelte|swift|terraform|ts|tsx|typescript|vb|vue|zig|zsh"
)
_FENCE = re.compile(rf"^[ \t]*(?:```|~~~)[ \t]*(?:{_LANGUAGES})\b", re.IGNORECASE | re.MULTILINE)
_TRACEBACK = "Traceback (most recent call last)"
_DIFF = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)


class Rules(Struct, frozen=True, kw_only=True):
    """How the rules are set.

    Attributes:
        long_tokens: From how many tokens a prompt is `long`, whatever it says.
        with_tools: The type of prompts that offer tools; None when tools say nothing.
    """

    long_tokens: int = LONG_TOKENS
    with_tools: str | None = None


USUAL_RULES = Rules()


def by_rules(facts: PromptFacts, rules: Rules = USUAL_RULES) -> Tag | None:
    """The type that is plain to see, or None."""
    if facts.images or facts.audio:
        return Tag(MULTIMODAL, None, _SURE, f"it brings {_brought(facts)}")
    if facts.tokens >= rules.long_tokens:
        return Tag(LONG, None, _SURE, f"about {facts.tokens} tokens, {rules.long_tokens} and more are long")
    if facts.effort in ("medium", "high", "xhigh", "max"):
        return Tag(REASONING, None, _SURE, f"the client asks for {facts.effort} effort of thinking")
    if rules.with_tools is not None and facts.tools:
        return Tag(rules.with_tools, None, _SURE, f"it offers {facts.tools} tools")
    if (seen := _code_in(facts.text)) is not None:
        return Tag(CODE, None, _QUITE_SURE, seen)
    if facts.labels_only and not facts.tools and facts.tokens <= _SHORT_TOKENS:
        return Tag(SIMPLE, None, _QUITE_SURE, "short, and asks for a JSON of choices and numbers alone")
    return None


def _code_in(text: str) -> str | None:
    """Where code is marked as code. Marks are looked for first: that is cheap, and most texts have none."""
    if ("```" in text or "~~~" in text) and _FENCE.search(text):
        return "a block that is marked as code"
    if _TRACEBACK in text:
        return "a Python traceback"
    if "@@ -" in text and _DIFF.search(text):
        return "a diff"
    return None


def _brought(facts: PromptFacts) -> str:
    pictures = f"{facts.images} picture{'s' * (facts.images != 1)}" if facts.images else ""
    sounds = f"{facts.audio} sound{'s' * (facts.audio != 1)}" if facts.audio else ""
    return " and ".join(filter(None, (pictures, sounds)))
