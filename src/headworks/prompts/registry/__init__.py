"""Where prompts are kept: numbered versions that never change, and labels that move between them.

In: prompt files, moves of labels, deletions, each with who and why. Out: a version by its number or label, compiled.
Reading looks into memory; changing fails closed, and the second of two who change the same thing is told.
"""

from headworks.prompts.registry.golden import GoldenSet
from headworks.prompts.registry.pushing import Pushed, Source
from headworks.prompts.registry.registry import Ready, Registry

__all__ = ["GoldenSet", "Pushed", "Ready", "Registry", "Source"]
