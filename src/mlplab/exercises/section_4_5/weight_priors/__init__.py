"""4.5.6: penalties as priors of the weights."""
