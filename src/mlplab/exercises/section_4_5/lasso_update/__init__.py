"""4.5.3: the update with an L1 penalty."""
