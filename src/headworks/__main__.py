"""`python -m headworks`: the command line."""

from headworks.cli import main

if __name__ == "__main__":
    main()
