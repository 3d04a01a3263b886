"""The clients of a drill: what they ask, over bare sockets, and what they hear, to the last character.

In goes a load, out comes an `Outcome` for every call. No client library stands between: what one of them would mend or
hide is seen here.
"""
