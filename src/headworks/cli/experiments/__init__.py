"""`headworks experiments`."""
