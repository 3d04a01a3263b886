"""Flags that another system evaluates: asked with a deadline, remembered, and done without when it is away."""
