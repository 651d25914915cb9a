"""Section 4.2: multilayer perceptrons from scratch."""
