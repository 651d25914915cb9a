"""Exercise 4.6.3: the variance of activations, with and without dropout."""
