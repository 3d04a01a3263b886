"""Prompts: kept as files and as numbered versions, built into a call by name.

In: a body with `variables`, or with `prompt: {name, ...}`. Out: the same ask with messages and the prompt's parameters,
and the `name@version` it was built from. Fails closed: an unknown prompt, or a variable that does not fit, is refused
before any model is called.
"""
