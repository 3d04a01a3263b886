"""Engines and tables. Knows no room: it stores rows and blobs and never asks what they mean."""
