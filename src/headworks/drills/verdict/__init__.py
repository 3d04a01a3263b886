"""What a drill showed: figures, the accounts of every call, and whether the scenario's expectations were met.

In goes a `Course`, out comes a `Verdict`. Pure: nothing here waits, asks or writes.
"""
