"""The serving processes behind `headworks serve`: one by itself, or several workers under a supervisor.

In: a config, where it came from, and a listening socket. Out: nothing until told to stop; then calls under way have
finished or are on record. One process reads the config and watches it; workers are handed what it has accepted.
"""
