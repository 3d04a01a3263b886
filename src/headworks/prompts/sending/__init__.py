"""A rendered prompt in the words of the client's dialect.

In: messages and the prompt's spec, beside the fields that the client sent. Out: the fields of a plain request. What the
client says itself stands; the prompt only says the rest.
"""

from headworks.prompts.sending import anthropic, openai
from headworks.prompts.sending.protocol import Sender, Towards

SENDERS: dict[str, Sender] = {"openai": openai.FIELDS, "anthropic": anthropic.FIELDS}

__all__ = ["SENDERS", "Sender", "Towards"]
