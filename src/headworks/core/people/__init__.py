"""What the house has to do with people: what they are told, and what they change while it runs."""
