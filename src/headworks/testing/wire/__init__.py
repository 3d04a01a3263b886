"""The fake's own words for each provider dialect, written from the providers' documentation.

Deliberately shares no code with `headworks.dialects`: a mistake there must not be repeated here and go unseen.
"""
