"""Personal data: found by rules and check digits, covered by tokens, put back."""
