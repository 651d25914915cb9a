"""Exercise 4.1.3: tanh(x) + 1 = 2 sigmoid(2x)."""
