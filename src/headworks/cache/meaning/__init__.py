"""The semantic cache: answers of questions that mean the same, with a bound on the share of wrong ones.

In goes a question that has no answer to the letter, out comes an entry, or word that the model is to be asked; then its
answer teaches the rule. A question is only ever compared with questions of its own partition. Fails open: an embedder
that is away or an index that is broken finds nothing, and the model is asked.
"""
