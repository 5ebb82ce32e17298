"""Building, packing and training: nothing here is imported by the programs that ship."""
