"""What figures mean: against what is usual, what stands out, and what is to be expected."""
