"""Headworks and the OpenFeature SDK: its flags as a provider for applications, and its providers asked for flags.

Everything here needs `openfeature-sdk` and is imported only where that is wanted.
"""
