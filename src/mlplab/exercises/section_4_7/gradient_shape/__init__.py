"""Exercise 4.7.1: the shape of a gradient by a matrix."""
