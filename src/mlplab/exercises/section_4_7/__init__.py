"""Section 4.7: forward and backward propagation, and computational graphs."""
