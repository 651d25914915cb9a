"""Exercise 4.9.2: a detector of covariate shift, made of a classifier."""
