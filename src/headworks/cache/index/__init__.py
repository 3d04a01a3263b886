"""Vectors of questions, found by nearness within their partition; kept in memory, and on disk for all workers.

In go vectors of length one with a payload, out come the nearest of one partition with their cosines. Nothing is found
across partitions, nor after its time, nor after it was purged, nor by a vector of another model. Fails open: what is
lost is a miss.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded: small products wait for a second thread
