"""A shop that does not exist, with people whose every step is known (DESIGN: the virtual store)."""
