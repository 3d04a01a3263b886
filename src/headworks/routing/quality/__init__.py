"""Cost and quality: how likely each model is to answer a prompt well, and the cheapest that is good enough.

In go a text, and a vector where there is one; out come chances with lower bounds, and a choice. Fails open: without
a quality file there are no chances, and the feature's own model answers.
"""

from headworks.routing.quality.choosing import Candidate, Choice, choose
from headworks.routing.quality.ladder import Chance
from headworks.routing.quality.predictor import Neighbours, Predictor, Skills
from headworks.routing.quality.stored import predictor

__all__ = ["Candidate", "Chance", "Choice", "Neighbours", "Predictor", "Skills", "choose", "predictor"]
