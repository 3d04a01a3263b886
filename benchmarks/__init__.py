"""The gateway beside nginx and beside no gateway at all, measured in one run on one machine: `make bench`."""
