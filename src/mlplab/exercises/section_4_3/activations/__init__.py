"""Exercise 4.3.2: the activation function."""
