"""From the records of calls to what can be said of the variants.

In: calls and opinions, as a callable reads them. Out: differences with intervals that hold at all times together,
guards that are hurt, and whether users are parted as they should be. Keeps nothing; after a restart all is read again.
"""
