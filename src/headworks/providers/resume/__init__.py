"""Join an answer that broke off to another attempt's: what was delivered, and what of the new attempt is still missing.

In: the events delivered so far, then the new attempt's events. Out: the events that make both one answer. Pure: no I/O,
no clock. Fails closed: an attempt that cannot be joined is a `DivergedError`, never a guess.
"""

from headworks.providers.resume.delivered import Delivered, Mode
from headworks.providers.resume.joiner import Joiner
from headworks.providers.resume.prefix import DivergedError

__all__ = ["Delivered", "DivergedError", "Joiner", "Mode"]
