"""4.9.4: what else separates the empirical from the true risk."""
