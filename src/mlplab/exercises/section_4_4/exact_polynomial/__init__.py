"""Exercise 4.4.1: polynomial regression solved exactly."""
