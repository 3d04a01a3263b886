"""Commands for whoever operates a gateway: what is wrong, and who is told."""
