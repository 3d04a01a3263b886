"""The safety filters, measured: how much they catch, how often they are wrong, what they cost."""
