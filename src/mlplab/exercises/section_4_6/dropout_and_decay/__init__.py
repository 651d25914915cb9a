"""Exercise 4.6.5: dropout and weight decay, alone and together."""
