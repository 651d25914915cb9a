"""Section 4.1: multilayer perceptrons: what activations are, exactly, and one over a batch."""
