"""Exercise 4.2.2: the number of hidden layers."""
