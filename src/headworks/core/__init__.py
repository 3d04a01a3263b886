"""The vocabulary every room shares: messages, protocols, errors, money, time and ids. Imports nothing of the house."""
