"""Exercise 4.6.1: the rates of dropout in the two layers, and their swap."""
