"""What a prompt gets of the passages that were found, and what is made of the citations in the answer.

Passages are data that anybody may have written: they are marked so, and nothing in them can close the mark. A citation
counts only when what it names was given to the model.
"""

from headworks.retrieval.grounding.citing import Cited, cite
from headworks.retrieval.grounding.excerpts import excerpts
from headworks.retrieval.grounding.packing import Pack, Packed, pack
from headworks.retrieval.grounding.prompting import prompt_text

__all__ = ["Cited", "Pack", "Packed", "cite", "excerpts", "pack", "prompt_text"]
