"""Streams that survive their connection: every event has a number, and what was sent is kept for a while.

In: the bytes of each stream as they go out. Out: the same bytes with SSE ids, and later, for a client that lost its
connection, those after the last event it saw. Kept in memory, and by a background thread on disk, so also after a
restart and at a sibling worker. Fails open: a stream that cannot be kept is sent all the same, and the loss is counted.
"""
