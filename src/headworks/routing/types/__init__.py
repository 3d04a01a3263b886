"""Query types: what kind of question a prompt is, and how hard.

In go facts of a prompt, out comes a `Tag`. Rules decide what is plain to see; a classifier the rest; where it is
unsure, the stronger type is taken. Fails open: without weights, rules go on, and what they leave counts as the
strongest type.
"""

from headworks.routing.types.asking import AskModel, ModelClassifier
from headworks.routing.types.deciding import Deciding, decided, tag
from headworks.routing.types.facts import facts_of
from headworks.routing.types.linear import BuiltInClassifier, built_in
from headworks.routing.types.nearest import Labelled, NearestExamples
from headworks.routing.types.tag import STRENGTH, TYPES, Classifier, Guess, PromptFacts, Tag
from headworks.routing.types.tagger import Tagger

__all__ = [
    "STRENGTH",
    "TYPES",
    "AskModel",
    "BuiltInClassifier",
    "Classifier",
    "Deciding",
    "Guess",
    "Labelled",
    "ModelClassifier",
    "NearestExamples",
    "PromptFacts",
    "Tag",
    "Tagger",
    "built_in",
    "decided",
    "facts_of",
    "tag",
]
