"""Commands about flags and kill switches."""
