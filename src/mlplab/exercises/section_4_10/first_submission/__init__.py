"""Exercise 4.10.1: the chapter's linear model over folds, and its submission."""
