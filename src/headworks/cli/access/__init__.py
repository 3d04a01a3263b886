"""Where commands find keys and records: in a data directory, or at a running gateway through its admin API.

Both places answer in the shapes of the admin API, so a command does not know which one it works on.
"""
