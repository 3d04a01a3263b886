"""Two rankings as one: reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009), with their k of 60."""

from collections.abc import Sequence

K = 60


def fused(*rankings: Sequence[int]) -> dict[int, float]:
    """Scores by what was ranked, best first. What several rankings have high up comes first; ties by number."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, one in enumerate(ranking, start=1):
            scores[one] = scores.get(one, 0.0) + 1 / (K + rank)
    return dict(sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])))
