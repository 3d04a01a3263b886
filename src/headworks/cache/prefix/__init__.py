"""The provider's own cache of prompts: what to mark, for how long, and who holds which conversation.

In goes a call about to be made, out come marks, a number to choose keys by, and the target to begin with. Decides by
the traffic it has seen (in memory, bounded, each worker for itself) and by prices. Fails open: a prompt that cannot be
read here is sent as it is.
"""

from headworks.cache.prefix.room import PrefixMemory

__all__ = ["PrefixMemory"]
