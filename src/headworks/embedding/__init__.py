"""Questions as vectors: by a small model in a child process of the gateway, or by an endpoint of the OpenAI dialect.

In go texts, out come vectors of length one, so that a dot product is a cosine. Vectors belong to the model that made
them: its `name` and `dims` are kept with them. Fails open: what cannot be embedded is an `EmbedderError`, and the
question is then not looked up by meaning.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded: small products wait for a second thread
