"""Exercise 4.10.4: settings chosen by folds, and what their score then means."""
