"""Choose the model and its fallbacks for a call.

In goes an ask and its caller, out comes a `Route`; pure, worked out per name when the config is read. Fails closed: a
name that nobody configured is `unknown_model`, a name that the caller's key does not cover is `forbidden`.
"""

from headworks.routing.explain import Facts, Step
from headworks.routing.names import OpenNames, OpenProvider
from headworks.routing.router import FeatureRule, Router

__all__ = ["Facts", "FeatureRule", "OpenNames", "OpenProvider", "Router", "Step"]
