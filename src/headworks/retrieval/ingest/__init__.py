"""Take documents in: find files, read what has changed, embed what is new, forget what is gone.

Each file is written whole or not at all; whatever is interrupted goes on where it was. What is wrong with one file is
reported, and the rest goes on.
"""
