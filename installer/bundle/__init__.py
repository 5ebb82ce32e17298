"""The programs as one folder that needs no Python: what goes into it, what stays out, and whose work it is."""
