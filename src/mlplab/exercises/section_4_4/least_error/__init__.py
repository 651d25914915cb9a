"""Exercise 4.4.4: whether the generalisation error can be zero."""
