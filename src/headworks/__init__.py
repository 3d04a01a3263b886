"""Headworks: the production path between a GenAI application and its model providers, as one Python process."""

__all__ = ["__version__"]

__version__ = "0.1.0"
