"""Exercise 4.9.3: what correcting a covariate shift by weights gains, and what its rate does."""
