"""Fetch context: documents are read, cut and kept in an index; a question finds the passages that may answer it.

In goes a question with the labels of who asks, out come passages, most relevant first. Invariant: a passage whose
labels the caller lacks never takes part in a search. Fails open: without the embedding model, words alone are searched;
without an index, the question is answered without passages.
"""
