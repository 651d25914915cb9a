"""4.5.4: the squared norm of a matrix as a trace."""
