"""Exercise 4.1.1: the derivative of pReLU."""
