"""Exercise 4.2.4: all hyper-parameters together."""
