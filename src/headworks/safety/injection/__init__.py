"""Prompt injections and jailbreaks: a detector of our own that needs no network and no model file."""

from headworks.safety.injection.scorer import Scored, Scorer, scorer

__all__ = ["Scored", "Scorer", "scorer"]
