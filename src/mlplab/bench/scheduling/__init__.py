"""A simulated cluster: how well thousands of workers would be used, from times measured here."""
