"""The admin API of flags and kill switches."""
