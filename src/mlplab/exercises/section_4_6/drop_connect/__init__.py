"""4.6.7: dropout on weights, on activations, and in front of the activation."""
