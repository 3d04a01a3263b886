"""Commands about money: what was spent, what would have been, what applies."""
