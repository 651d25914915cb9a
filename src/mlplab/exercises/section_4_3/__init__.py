"""Section 4.3: the concise implementation of multilayer perceptrons."""
