"""Clients that speak the Anthropic dialect: read what they ask, write what they are answered."""
