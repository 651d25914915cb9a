"""Exercise 4.4.2: training and test loss along the degree and the amount of data."""
