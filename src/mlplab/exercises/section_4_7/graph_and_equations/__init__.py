"""Exercise 4.7.2: the graph and the equations of a network with biases."""
