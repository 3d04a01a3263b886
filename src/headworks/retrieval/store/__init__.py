"""An index on disk: one SQLite file with documents, pieces, their words and their vectors.

Invariants: a reader sees a document whole or not at all; a search by words or vectors only ever sees pieces that the
caller may see, for the labels of a piece are part of its number.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded: small products wait for a second thread
