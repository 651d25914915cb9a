"""Exercise 4.2.1: the width of the hidden layer."""
