"""Where a drill takes place: the real gateway as a process of its own, and fakes that stand in for its providers.

In goes a config, out comes a running gateway that differs from it in the addresses and keys of its providers and in its
data directory. Whatever is started here is ended on every way out.
"""
