"""Fakes of single rooms, for unit tests."""
