"""Tries the finished programs themselves, as a shop would: no Python, no environment, an empty home, a real cloud."""
