"""Exercise 4.1.2: networks of ReLU units are piecewise linear."""
