"""Exercise 4.7.5: a network that is too large for one device."""
