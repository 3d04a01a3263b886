"""The logistic curve, safe at both ends."""

import math

_EDGE = 30.0


def sigmoid(logit: float) -> float:
    """1 / (1 + exp(-logit)), never exactly 0 or 1; 0.5 stands for what is not a number."""
    if math.isnan(logit):
        return 0.5
    return 1.0 / (1.0 + math.exp(-max(-_EDGE, min(_EDGE, logit))))
