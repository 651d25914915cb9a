"""4.5.5: remedies for overfitting besides weight decay."""
