"""A demo organisation: plausible figures of shops that do not exist."""
