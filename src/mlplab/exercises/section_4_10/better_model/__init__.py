"""Exercise 4.10.5: the source's network and small ones, alone and together."""
