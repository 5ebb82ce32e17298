"""Tests that need PyTorch, kept out of the ordinary test environment."""
