"""What a call may spend: which limits it has to fit, what it needs at most, its hold, and what is told of budgets."""
