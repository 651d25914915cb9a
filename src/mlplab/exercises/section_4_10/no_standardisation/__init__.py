"""Exercise 4.10.6: features as they are, why training suffers, and what survives."""
