"""Exercise 4.3.1: layers, width and rate."""
