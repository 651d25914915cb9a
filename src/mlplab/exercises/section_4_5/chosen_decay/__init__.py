"""4.5.2: the weight decay that validation chooses."""
