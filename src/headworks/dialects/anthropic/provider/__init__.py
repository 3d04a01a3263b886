"""Providers that speak the Anthropic dialect: write what they are asked, read what they answer."""
