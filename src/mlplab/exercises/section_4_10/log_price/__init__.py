"""Exercise 4.10.2: the logarithm of the price, by a clamp in the model and as the target."""
