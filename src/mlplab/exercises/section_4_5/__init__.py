"""Section 4.5: weight decay."""
