"""Section 4.9: environment and distribution shift."""
