"""Exercise 4.2.3: the learning rate, constant and decaying."""
