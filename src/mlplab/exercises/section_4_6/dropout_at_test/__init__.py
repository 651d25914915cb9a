"""4.6.4: why dropout is off at test time."""
