"""Exercise 4.10.3: ways to fill gaps, at random and not."""
