"""How good and how fast retrieval is: the Cranfield collection, and made-up indexes of 10,000 and 100,000 pieces."""
