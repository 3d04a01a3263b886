"""The command line, one file per group of commands. In: arguments. Out: text or JSON, and an exit code."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command of `sys.argv`; exits 0 when done, 1 when refused or failed, 2 on bad usage."""
    from headworks.cli.commands import run  # noqa: PLC0415  importing this package must cost nothing

    sys.exit(run(sys.argv[1:]))
