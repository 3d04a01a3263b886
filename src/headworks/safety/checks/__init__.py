"""Detectors: each finds one kind of thing in a text, and says how far a find may still grow."""
