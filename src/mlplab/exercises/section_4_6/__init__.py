"""Section 4.6: dropout."""
