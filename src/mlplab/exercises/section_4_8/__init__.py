"""Section 4.8: numerical stability and initialisation."""
