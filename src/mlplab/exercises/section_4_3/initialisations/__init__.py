"""Exercise 4.3.3: the first weights."""
