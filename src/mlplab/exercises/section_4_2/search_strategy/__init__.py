"""Exercise 4.2.6: a search strategy for several hyper-parameters."""
