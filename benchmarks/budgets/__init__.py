"""How well budgets hold: random schedules of calls, failures and crashes on a clock of their own."""
