"""Exercise 4.7.3: the memory of training and prediction."""
