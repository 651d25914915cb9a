"""Exercise 4.1.4: a nonlinearity that is applied to a whole minibatch."""
