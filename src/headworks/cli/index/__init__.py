"""`headworks index`: take documents in, and look at what a search finds in them."""
