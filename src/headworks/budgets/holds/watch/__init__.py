"""How budgets stand, told to people: marks that are passed, a metric, and the overview of all accounts."""
