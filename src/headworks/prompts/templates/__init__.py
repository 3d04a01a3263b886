"""Templates: a small, closed part of Jinja.

In: the template of a version with its partials, and checked values. Out: the text and pictures of each message. A
template can read values and nothing else: it has no calls, no assignments, no Python attributes. Loops and the length
of the result have an end.
"""

from headworks.prompts.templates.compiling import Compiled, compile_prompt
from headworks.prompts.templates.pieces import Message

__all__ = ["Compiled", "Message", "compile_prompt"]
